# For tests of stderr: what mpirun says there now and then whose words are its own, and no failure
# of anything. Exactly these lines go.

# The zero byte that ends a page of version 5: the next line begins with it.
s/^\x00//
# A rank of version 5 that looks for one that has gone.
/^\[[^]]*\]\[\[[0-9,]*\],[0-9]*\]\[[^]]*btl_tcp_proc\.c:[0-9]*:mca_btl_tcp_proc_create\] opal_modex_recv: failed with return value=/d
# PMIx, where the other end has died.
/^\[[^]]*:[0-9]*\] pmix_ptl_base: send_msg: write failed: /d
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
