#include "schemas/json_schema.h"
