/* The post between nodes: letters of a fixed form, each followed by payloads where sender and
 * receiver know from the letter what comes. Nothing here waits: sends and receives are begun, and
 * completed by rpi_post_step(), so that whoever attends to the post can do so between other things.
 *
 * Payloads are matched by their order: between two places, those of one channel arrive in the order
 * in which they were sent. No index of the job ever becomes an MPI tag. */
#ifndef RANKPOOL_WORLD_POST_H
#define RANKPOOL_WORLD_POST_H

#include "world/wired_post.h"

/* Payloads to and from different roles of one process must not be taken for each other. */
enum post_channel {
    POST_OUTWARD, /* from the root */
    POST_HOMEWARD
};

struct post_send; /* waiting for its time */
struct post_note; /* what a request is for */

struct post {
    struct wired_post wired; /* where ranks are to survive others */
    MPI_Comm comm;
    size_t letter_bytes;
    double delay; /* seconds by which every send is held up: for tests of slow networks */
    struct post_send *first, *last;
    MPI_Request *requests;
    struct post_note *notes; /* of the requests */
    int count, capacity;
    int64_t letters_sent, bytes_sent;
};

/* Opens a post on a communicator that nobody else uses meanwhile. RANKPOOL_TEST_LATENCY
 * sets `delay`. */
rp_status rpi_post_open(struct post *post, MPI_Comm comm, size_t letter_bytes, rp_error *error);

/* Opens one that goes over wires. Latency is not for it. */
void rpi_post_open_wired(struct post *post, struct wires *wires, size_t letter_bytes);

/* Frees what the post holds; all must have been sent. */
void rpi_post_close(struct post *post);

/* The rest returns MPI's error codes. */

/* Sends a copy of a letter. */
int rpi_post_letter(struct post *post, int to, const void *letter);

/* Sends memory that stays as it is until *pending, counted up here, has been counted down. */
int rpi_post_payload(struct post *post, int to, enum post_channel channel, const void *memory,
                     size_t bytes, int *pending);

/* Receives the next payload from there, likewise. */
int rpi_post_expect(struct post *post, int from, enum post_channel channel, void *memory,
                    size_t bytes, int *pending);

/* Takes the next letter that has arrived; *from is -1 if there is none. */
int rpi_post_next(struct post *post, int *from, void *letter);

/* Begins what is due, completes what is complete. */
int rpi_post_step(struct post *post);

/* Has everything been completed? */
bool rpi_post_idle(const struct post *post);

#endif
