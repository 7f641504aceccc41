// A tree of the UTS benchmark by oneTBB's parallel_for_each, which is fed by its body: prints nodes
// and seconds.
//
// usage: worklist TREE THREADS
extern "C" {
#include "trees/uts.h"
}

#include <tbb/enumerable_thread_specific.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for_each.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

static struct uts uts;

int main(int argc, char **argv)
{
    if (argc != 3 || !uts_named(argv[1], &uts))
        return EXIT_FAILURE;
    tbb::global_control cores(tbb::global_control::max_allowed_parallelism,
                              static_cast<std::size_t>(std::atoi(argv[2])));
    tbb::enumerable_thread_specific<long> counts(0);
    uts_node roots[1];
    uts_begin(&uts);
    uts_root(&uts, roots);
    auto begin = std::chrono::steady_clock::now();
    tbb::parallel_for_each(roots, roots + 1,
                           [&](const uts_node &node, tbb::feeder<uts_node> &feeder) {
                               const int children = uts_children(&uts, &node);
                               counts.local()++;
                               for (int i = 0; i < children; i++) {
                                   uts_node child;
                                   uts_child(&node, i, &child);
                                   feeder.add(child);
                               }
                           });
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("%ld %.4f\n", counts.combine([](long a, long b) { return a + b; }), took.count());
    return EXIT_SUCCESS;
}
