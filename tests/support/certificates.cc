#include "tests/support/certificates.h"

#include <cstdlib>
#include <stdexcept>

namespace test_support {
namespace {

void run(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) {
    throw std::runtime_error("failed: " + command);
  }
}

}  // namespace

bool openssl_installed() { return std::system("openssl version >/dev/null 2>&1") == 0; }

Certificates::Certificates() {
  run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "'/CN=Test CA' -keyout " +
      dir_.file("ca.key") + " -out " + ca());
}

Certificates::Pair Certificates::issue(const std::string& common_name,
                                       const std::string& names) const {
  const Pair pair{dir_.file(common_name + ".pem"), dir_.file(common_name + ".key")};
  const std::string request = dir_.file(common_name + ".csr");
  run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=" +
      common_name + "' -keyout " + pair.key + " -out " + request);
  std::string extensions;
  if (!names.empty()) {
    extensions = " -extfile " + dir_.write(common_name + ".ext", "subjectAltName=" + names + "\n");
  }
  run("openssl x509 -req -days 1 -in " + request + " -CA " + ca() + " -CAkey " +
      dir_.file("ca.key") + " -CAcreateserial -out " + pair.cert + extensions);
  return pair;
}

Certificates::Pair Certificates::issue_expired(const std::string& common_name) const {
  const Pair pair{dir_.file(common_name + ".pem"), dir_.file(common_name + ".key")};
  const std::string request = dir_.file(common_name + ".csr");
  const std::string config = dir_.write(
      common_name + ".conf",
      "[ca]\ndefault_ca=own\n[own]\ndatabase=" + dir_.write("index", "") +
          "\nserial=" + dir_.write("serial", "1000\n") + "\nnew_certs_dir=" + dir_.path().string() +
          "\ndefault_md=sha256\npolicy=any\nrand_serial=no\n" + "[any]\ncommonName=supplied\n");
  run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=" +
      common_name + "' -keyout " + pair.key + " -out " + request);
  run("openssl ca -batch -notext -config " + config + " -cert " + ca() + " -keyfile " +
      dir_.file("ca.key") + " -startdate 20200101000000Z -enddate 20210101000000Z -in " + request +
      " -out " + pair.cert);
  return pair;
}

}  // namespace test_support
