/**
 * @file rankpool/declarations.h
 * @brief C linkage in C++, and symbol visibility, for the declarations in the other headers.
 */
#ifndef RANKPOOL_DECLARATIONS_H
#define RANKPOOL_DECLARATIONS_H

#ifdef __cplusplus
#define RP_BEGIN_C_LINKAGE extern "C" {
#define RP_END_C_LINKAGE   }
#else
#define RP_BEGIN_C_LINKAGE
#define RP_END_C_LINKAGE
#endif

#if defined(__GNUC__)
#define RP_BEGIN_DECLARATIONS RP_BEGIN_C_LINKAGE _Pragma("GCC visibility push(default)")
#define RP_END_DECLARATIONS   _Pragma("GCC visibility pop") RP_END_C_LINKAGE
#else
#define RP_BEGIN_DECLARATIONS RP_BEGIN_C_LINKAGE
#define RP_END_DECLARATIONS   RP_END_C_LINKAGE
#endif

#endif
