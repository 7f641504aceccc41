# For tests of stderr: occasional messages of mpirun that report no failure. Removes exactly these
# lines.

# The zero byte at the end of version 5's page: the next line begins with it.
s/^\x00//
# A rank of version 5 that looks up a rank which has ended.
/^\[[^]]*\]\[\[[0-9,]*\],[0-9]*\]\[[^]]*btl_tcp_proc\.c:[0-9]*:mca_btl_tcp_proc_create\] opal_modex_recv: failed with return value=/d
# PMIx, when its peer has died or leaves.
/^\[[^]]*:[0-9]*\] pmix_ptl_base: send_msg: write failed: /d
/^\[[^]]*:[0-9]*\] PMIX ERROR: PMIX_ERR_UNREACH in file [^ ]* at line [0-9]*$/d
# libevent, about a file closed while it was watched.
/^\[warn\] Epoll [A-Z]*([0-9]*) on fd [0-9]* failed\. /d
# The parent of an agent, when the agent called setpgid() first.
/plm:rsh: Warning: setpgid([0-9-]*,[0-9-]*) failed in parent with errno=/d
# When mpirun itself got a signal.
/^mpirun[^ ]*: Forwarding signal /d
# Version 5, on a nonzero exit code of the program: a page between two lines of dashes.
/^-\{74\}$/{
N
/\nprterun detected that one or more processes exited with non-zero status,$/{
:page
N
/\n-\{74\}$/d
b page
}
}
