/**
 * @file rankpool.hpp
 * @brief Rankpool for C++17: the calls of rankpool.h, with lambdas, containers and exceptions.
 *
 *     return rankpool::run(argc, argv, [](rankpool::pool &pool) {
 *         std::vector<double> roots(pool.is_root() ? 1000 : 0);
 *         pool.map(1000, roots, [](std::int64_t i) { return std::sqrt(double(i)); });
 *     });
 *
 * Conventions
 *
 * - Everything here is inline, and calls the C functions; their documentation holds. What is not
 *   here, as grids or checkpoints of loops, is called with pool.get().
 * - *Functions*: a program is SPMD, so every rank has its own copy of a lambda and of what it
 *   captures. Items are computed by the copy of the rank that computes them; no call of it
 *   allocates memory.
 * - *Types*: what moves between ranks moves as bytes, so it must be trivially copyable. Items of
 *   streams, arguments and results of calls may also be strings and vectors.
 * - *Exceptions*: one that leaves a function of a job makes its item fail, as an error code does in
 *   C: what() is the text of the failure. A collective call that fails throws rankpool::error, on
 *   every rank, with the same item, rank, host and text.
 * - Mistakes of one rank alone, as a block of the wrong size, are std::invalid_argument on that
 *   rank. The pool's destructor, or run(), then ends the others' calls with an error.
 */
#ifndef RANKPOOL_HPP
#define RANKPOOL_HPP

#if __cplusplus < 201703L
#error "rankpool.hpp needs C++17: compile with -std=c++17 or later"
#endif

/* The C++ interfaces that MPI had once do not compile without warnings, and are not used. */
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif

#include <rankpool.h>

#include <rankpool/cxx/array.hpp>
#include <rankpool/cxx/bytes.hpp>
#include <rankpool/cxx/calls.hpp>
#include <rankpool/cxx/collectives.hpp>
#include <rankpool/cxx/error.hpp>
#include <rankpool/cxx/future.hpp>
#include <rankpool/cxx/jobs.hpp>
#include <rankpool/cxx/options.hpp>
#include <rankpool/cxx/pool.hpp>
#include <rankpool/cxx/run.hpp>
#include <rankpool/cxx/stream.hpp>
#include <rankpool/cxx/task.hpp>
#include <rankpool/cxx/worklist.hpp>

#endif
