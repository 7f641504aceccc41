#include "world/post.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "world/parts.h"

#include <stdlib.h>
#include <string.h>

enum {
    TAG_LETTER = 1,
    TAG_PAYLOAD = 2, /* and the channel */
    LOOKED_AT = 64
};

struct post_note {
    int *pending; /* counted down when the request is complete; or NULL */
    void *owned;  /* freed then; or NULL */
};

struct post_send {
    struct post_send *next;
    double due;
    int to, tag, count;
    const void *memory;
    struct post_note note;
};

/* Payloads go in parts of which several are under way at once: each time MPI is called it moves a
 * long message only a little further. */
static int payload_part(size_t left)
{
    const size_t most = (size_t)1 << 19;
    return rpi_part((int64_t)(left < most ? left : most), 1);
}

rp_status rpi_post_open(struct post *post, MPI_Comm comm, size_t letter_bytes, rp_error *error)
{
    *post = (struct post){.comm = comm, .letter_bytes = letter_bytes};
    return rpi_environment_seconds("RANKPOOL_TEST_LATENCY", &post->delay, error);
}

void rpi_post_open_wired(struct post *post, struct wires *wires, size_t letter_bytes)
{
    *post = (struct post){.comm = MPI_COMM_NULL, .letter_bytes = letter_bytes};
    rpi_wired_open(&post->wired, wires, letter_bytes);
}

static bool wired(const struct post *post)
{
    return post->wired.wires != NULL;
}

void rpi_post_close(struct post *post)
{
    rpi_wired_close(&post->wired);
    free(post->requests);
    free(post->notes);
    *post = (struct post){.comm = MPI_COMM_NULL};
}

/* Makes room for one more request. */
static bool reserve(struct post *post)
{
    if (post->count < post->capacity)
        return true;
    int capacity = post->capacity > 0 ? 2 * post->capacity : 16;
    MPI_Request *requests = realloc(post->requests, (size_t)capacity * sizeof *requests);
    if (requests == NULL)
        return false;
    post->requests = requests;
    struct post_note *notes = realloc(post->notes, (size_t)capacity * sizeof *notes);
    if (notes == NULL)
        return false;
    post->notes = notes;
    post->capacity = capacity;
    return true;
}

static int begin_send(struct post *post, const struct post_send *send)
{
    if (!reserve(post))
        return MPI_ERR_NO_MEM;
    int code = MPI_Isend(send->memory, send->count, MPI_BYTE, send->to, send->tag, post->comm,
                         &post->requests[post->count]);
    if (code == MPI_SUCCESS)
        post->notes[post->count++] = send->note;
    return code;
}

/* All sends are held up by the same time, so they become due in the order they were given. */
static int begin_due(struct post *post)
{
    int code = MPI_SUCCESS;
    double now = post->first != NULL ? rpi_clock_seconds() : 0;
    while (code == MPI_SUCCESS && post->first != NULL && post->first->due <= now) {
        struct post_send *send = post->first;
        code = begin_send(post, send);
        post->first = send->next;
        free(send);
    }
    return code;
}

static int hold(struct post *post, const struct post_send *send)
{
    struct post_send *held = malloc(sizeof *held);
    if (held == NULL)
        return MPI_ERR_NO_MEM;
    *held = *send;
    held->next = NULL;
    held->due = rpi_clock_seconds() + post->delay;
    if (post->first == NULL)
        post->first = held;
    else
        post->last->next = held;
    post->last = held;
    return MPI_SUCCESS;
}

static int submit(struct post *post, const struct post_send *send)
{
    post->bytes_sent += send->count;
    return post->delay > 0 ? hold(post, send) : begin_send(post, send);
}

static int letter_by_wire(struct post *post, int to, const void *letter)
{
    post->letters_sent++;
    post->bytes_sent += (int64_t)post->letter_bytes;
    rpi_wired_letter(&post->wired, to, letter);
    return MPI_SUCCESS;
}

int rpi_post_letter(struct post *post, int to, const void *letter)
{
    if (wired(post))
        return letter_by_wire(post, to, letter);
    void *copy = malloc(post->letter_bytes);
    if (copy == NULL)
        return MPI_ERR_NO_MEM;
    memcpy(copy, letter, post->letter_bytes);
    post->letters_sent++;
    return submit(post, &(struct post_send){.to = to,
                                            .tag = TAG_LETTER,
                                            .count = (int)post->letter_bytes,
                                            .memory = copy,
                                            .note = {.owned = copy}});
}

int rpi_post_payload(struct post *post, int to, enum post_channel channel, const void *memory,
                     size_t bytes, int *pending)
{
    int code = MPI_SUCCESS;
    if (wired(post)) {
        post->bytes_sent += (int64_t)bytes;
        rpi_wired_payload(&post->wired, to, memory, bytes, pending);
        return MPI_SUCCESS;
    }
    for (size_t done = 0; done < bytes && code == MPI_SUCCESS;) {
        struct post_send send = {.to = to,
                                 .tag = TAG_PAYLOAD + (int)channel,
                                 .count = payload_part(bytes - done),
                                 .memory = (const char *)memory + done,
                                 .note = {.pending = pending}};
        code = submit(post, &send);
        *pending += code == MPI_SUCCESS;
        done += (size_t)send.count;
    }
    return code;
}

int rpi_post_expect(struct post *post, int from, enum post_channel channel, void *memory,
                    size_t bytes, int *pending)
{
    if (wired(post))
        return rpi_wired_expect(&post->wired, from, memory, bytes, pending) ? MPI_SUCCESS
                                                                            : MPI_ERR_NO_MEM;
    for (size_t done = 0; done < bytes;) {
        int count = payload_part(bytes - done);
        if (!reserve(post))
            return MPI_ERR_NO_MEM;
        int code = MPI_Irecv((char *)memory + done, count, MPI_BYTE, from,
                             TAG_PAYLOAD + (int)channel, post->comm, &post->requests[post->count]);
        if (code != MPI_SUCCESS)
            return code;
        post->notes[post->count++] = (struct post_note){.pending = pending};
        *pending += 1;
        done += (size_t)count;
    }
    return MPI_SUCCESS;
}

int rpi_post_next(struct post *post, int *from, void *letter)
{
    const int looks = 3; /* one look alone often only begins what the next one finds */
    int found = 0, code = MPI_SUCCESS;
    MPI_Status status;
    *from = -1;
    if (wired(post)) {
        rpi_wired_next(&post->wired, from, letter);
        return MPI_SUCCESS;
    }
    for (int i = 0; i < looks && code == MPI_SUCCESS && !found; i++)
        code = MPI_Iprobe(MPI_ANY_SOURCE, TAG_LETTER, post->comm, &found, &status);
    if (code != MPI_SUCCESS || !found)
        return code;
    *from = status.MPI_SOURCE;
    return MPI_Recv(letter, (int)post->letter_bytes, MPI_BYTE, *from, TAG_LETTER, post->comm,
                    MPI_STATUS_IGNORE);
}

static void complete(struct post_note *note)
{
    if (note->pending != NULL)
        *note->pending -= 1;
    free(note->owned);
    note->owned = NULL;
}

/* Closes the gaps that complete requests have left. */
static void close_gaps(struct post *post)
{
    int kept = 0;
    for (int i = 0; i < post->count; i++) {
        if (post->requests[i] == MPI_REQUEST_NULL)
            continue;
        post->requests[kept] = post->requests[i];
        post->notes[kept++] = post->notes[i];
    }
    post->count = kept;
}

/* Looks at some requests in one call: every call lets MPI see to everything, and perhaps give its
 * core away. Returns how many are complete. */
static int look_at(struct post *post, int first, int count, int *code)
{
    int found = 0, finished[LOOKED_AT];
    MPI_Status unread[LOOKED_AT];
    *code = MPI_Testsome(count, post->requests + first, &found, finished, unread);
    for (int i = 0; i < found; i++)
        complete(&post->notes[first + finished[i]]);
    return found > 0 ? found : 0;
}

int rpi_post_step(struct post *post)
{
    if (wired(post)) {
        rpi_wires_step(post->wired.wires);
        return MPI_SUCCESS;
    }
    int code = begin_due(post), found = 0;
    for (int first = 0; first < post->count && code == MPI_SUCCESS; first += LOOKED_AT) {
        int left = post->count - first;
        found += look_at(post, first, left < LOOKED_AT ? left : LOOKED_AT, &code);
    }
    if (found > 0)
        close_gaps(post);
    return code;
}

bool rpi_post_idle(const struct post *post)
{
    if (wired(post))
        return rpi_wired_idle(&post->wired);
    return post->count == 0 && post->first == NULL;
}
