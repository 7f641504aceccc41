# For tests of stderr: what mpirun says there now and then whose words are its own, and no failure
# of anything. Exactly these lines go.

# libevent, of a file that was closed while it was watched.
/^\[warn\] Epoll [A-Z]*([0-9]*) on fd [0-9]* failed\. /d
# The parent of an agent that was faster than it.
/plm:rsh: Warning: setpgid([0-9-]*,[0-9-]*) failed in parent with errno=/d
# Where it got a signal itself.
/^mpirun[^ ]*: Forwarding signal /d
# Version 5 on an exit code of the program's own: a page between two lines of dashes.
/^-\{74\}$/{
N
/\nprterun detected that one or more processes exited with non-zero status,$/{
:page
N
/\n-\{74\}$/d
b page
}
}
