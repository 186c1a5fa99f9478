#!/usr/bin/env python3
"""Problems and answers of the reference for the learned head, one JSON object a line.

usage: logit_oracle.py REFERENCE.py ROWS.jsonl...
Exits 77 where the reference cannot run because a library is missing.
The loss is the reference's own; the probabilities are those of the same loss fitted to the end.
"""

import importlib.util
import json
import random
import sys

try:
    import numpy as np
    import scipy.optimize
    import sklearn  # noqa: F401
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)


def load(path):
    spec = importlib.util.spec_from_file_location("reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def loss_of(fitted, kernel, features, chosen, reference, l2):
    dual, weight, bias = fitted
    scores = features @ weight + bias + kernel @ dual
    scores = scores - scores.max(1, keepdims=True)
    likelihood = scores[np.arange(len(chosen)), chosen] - np.log(np.exp(scores).sum(1))
    return (-likelihood.sum() + 0.5 * l2 * (dual * (kernel @ dual)).sum()
            + 0.5 * reference.W_PRECISION * ((weight - reference.W_PRIOR) ** 2).sum()
            + 0.5 * reference.B_PRECISION * (bias * bias).sum())


def problems(reference, path, count, l2):
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    vectors = reference.features([row["payload"] for row in rows])
    similar = np.asarray((vectors @ vectors.T).todense())
    order = list(range(len(rows)))
    random.Random(count).shuffle(order)
    train, test = order[:count], order[count:count + 20]
    quick = scipy.optimize.minimize

    def patient(*args, **kwargs):
        kwargs["options"] = {"maxiter": 4000, "maxfun": 8000, "ftol": 1e-15,
                             "gtol": 1e-8}
        return quick(*args, **kwargs)

    for field, options in rows[0]["options"].items():
        model = np.array([row["scores"][field] for row in rows])
        model = (model - model.mean(0)) / (model - model.mean(0)).std()
        overlap = np.array([[reference.overlap(row["payload"], c) for c in options]
                            for row in rows])
        features = np.stack([model, overlap], 2)
        chosen = np.array([options.index(rows[i]["expected"][field]) for i in train])
        kernel = similar[np.ix_(train, train)]
        reference.minimize = quick
        fitted = reference.fit(kernel, features[train], chosen, l2)
        loss = loss_of(fitted, kernel, features[train], chosen, reference, l2)
        reference.minimize = patient
        dual, weight, bias = reference.fit(kernel, features[train], chosen, l2)
        scores = features[test] @ weight + bias + similar[np.ix_(test, train)] @ dual
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        yield {"name": f"{field}, {count} examples", "l2": l2, "kernel": kernel.ravel().tolist(),
               "shared": features[train].transpose(2, 1, 0).ravel().tolist(),
               "chosen": chosen.tolist(), "options": len(options), "loss": loss,
               "test_kernel": similar[np.ix_(test, train)].ravel().tolist(),
               "test_shared": features[test].transpose(2, 1, 0).ravel().tolist(),
               "probabilities": p.ravel().tolist()}


def main():
    reference = load(sys.argv[1])
    for path in sys.argv[2:]:
        for count, l2 in ((8, 0.03), (40, 0.1)):
            for problem in problems(reference, path, count, l2):
                print(json.dumps(problem))


if __name__ == "__main__":
    main()
