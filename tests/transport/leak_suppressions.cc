// Read by the leak checker of the address sanitizer, when there is one: Paho's C library loses
// a few hundred bytes of replies that arrive while a client is destroyed.

extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpaho-mqtt3as.so\n"; }
