// Holds nothing: tests/CMakeLists.txt reads the headers that all tests share here.
