# Builds for 32-bit ARM (ARMv7, hardware floating point) on another machine, with Debian's
# g++-arm-linux-gnueabihf; programs and tests run under qemu-user. What needs libraries of the
# target cannot be built: PICOLM_BUILD_AGENT=OFF. GoogleTest is built from its source package.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)
# Files may be larger than 2 GiB. Floats are computed by VFP, which is IEEE; the NEON unit of
# 32-bit ARM, which flushes subnormals to zero, stays off. All is built by one compiler, so that GCC
# need not tell how its version 7 changed the passing of structs.
set(CMAKE_CXX_FLAGS_INIT "-D_FILE_OFFSET_BITS=64 -march=armv7-a+fp -Wno-psabi")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm -L /usr/arm-linux-gnueabihf)

set(CMAKE_FIND_ROOT_PATH /usr/arm-linux-gnueabihf)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
