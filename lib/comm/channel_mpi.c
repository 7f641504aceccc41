/* The channel over MPI. Each node has one agent, known from the start. */
#include "comm/channel.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "comm/topology.h"

#include <stdlib.h>
#include <string.h>

enum {
    TAG_MESSAGE = 1,
    TAG_PAYLOAD = 2, /* plus the channel id */
    REQUESTS_PER_TEST = 64
};

/* What to do when a request is complete. */
struct channel_completion {
    int *pending; /* decremented when the request is complete; or NULL */
    void *owned;  /* freed then; or NULL */
};

struct channel_send { /* delayed */
    struct channel_send *next;
    double due;
    int to, tag, count;
    const void *memory;
    struct channel_completion completion;
};

struct mpi_channel {
    struct channel channel;
    MPI_Comm comm;
    struct channel_send *first, *last;
    MPI_Request *requests;
    struct channel_completion *completions; /* one per request */
    int count, capacity;
};

/* Payloads are split, so that several parts are in progress at once: each MPI call advances a long
 * message only a little. */
static int payload_part(size_t left)
{
    const size_t most = (size_t)1 << 19;
    return rpi_part((int64_t)(left < most ? left : most), 1);
}

/* Ensures space for one more request. */
static bool requests_reserve(struct mpi_channel *channel)
{
    if (channel->count < channel->capacity)
        return true;
    int capacity = channel->capacity > 0 ? 2 * channel->capacity : 16;
    MPI_Request *requests = realloc(channel->requests, (size_t)capacity * sizeof *requests);
    if (requests == NULL)
        return false;
    channel->requests = requests;
    struct channel_completion *completions =
        realloc(channel->completions, (size_t)capacity * sizeof *completions);
    if (completions == NULL)
        return false;
    channel->completions = completions;
    channel->capacity = capacity;
    return true;
}

static int send_begin(struct mpi_channel *channel, const struct channel_send *send)
{
    if (!requests_reserve(channel))
        return MPI_ERR_NO_MEM;
    int code = MPI_Isend(send->memory, send->count, MPI_BYTE, send->to, send->tag, channel->comm,
                         &channel->requests[channel->count]);
    if (code == MPI_SUCCESS)
        channel->completions[channel->count++] = send->completion;
    return code;
}

/* All sends are delayed by the same time, so they become due in the order of submission. */
static int sends_begin_due(struct mpi_channel *channel)
{
    int code = MPI_SUCCESS;
    double now = channel->first != NULL ? rpi_clock_seconds() : 0;
    while (code == MPI_SUCCESS && channel->first != NULL && channel->first->due <= now) {
        struct channel_send *send = channel->first;
        code = send_begin(channel, send);
        channel->first = send->next;
        free(send);
    }
    return code;
}

static int send_delay(struct mpi_channel *channel, const struct channel_send *send)
{
    struct channel_send *held = malloc(sizeof *held);
    if (held == NULL)
        return MPI_ERR_NO_MEM;
    *held = *send;
    held->next = NULL;
    held->due = rpi_clock_seconds() + channel->channel.delay;
    if (channel->first == NULL)
        channel->first = held;
    else
        channel->last->next = held;
    channel->last = held;
    return MPI_SUCCESS;
}

static int send_submit(struct mpi_channel *channel, const struct channel_send *send)
{
    channel->channel.bytes_sent += send->count;
    return channel->channel.delay > 0 ? send_delay(channel, send) : send_begin(channel, send);
}

static int mpi_channel_message(struct channel *channel, int node, const void *message)
{
    void *copy = malloc(channel->message_bytes);
    if (copy == NULL)
        return MPI_ERR_NO_MEM;
    memcpy(copy, message, channel->message_bytes);
    channel->messages_sent++;
    return send_submit((struct mpi_channel *)channel,
                       &(struct channel_send){.to = node,
                                              .tag = TAG_MESSAGE,
                                              .count = (int)channel->message_bytes,
                                              .memory = copy,
                                              .completion = {.owned = copy}});
}

static int mpi_channel_payload(struct channel *channel, int node, enum channel_id id,
                               const void *memory, size_t bytes, int *pending)
{
    int code = MPI_SUCCESS;
    for (size_t done = 0; done < bytes && code == MPI_SUCCESS;) {
        struct channel_send send = {.to = node,
                                    .tag = TAG_PAYLOAD + (int)id,
                                    .count = payload_part(bytes - done),
                                    .memory = (const char *)memory + done,
                                    .completion = {.pending = pending}};
        code = send_submit((struct mpi_channel *)channel, &send);
        *pending += code == MPI_SUCCESS;
        done += (size_t)send.count;
    }
    return code;
}

static int mpi_channel_expect(struct channel *base, int node, enum channel_id id, void *memory,
                              size_t bytes, int *pending)
{
    struct mpi_channel *channel = (struct mpi_channel *)base;
    for (size_t done = 0; done < bytes;) {
        int count = payload_part(bytes - done);
        if (!requests_reserve(channel))
            return MPI_ERR_NO_MEM;
        int code = MPI_Irecv((char *)memory + done, count, MPI_BYTE, node, TAG_PAYLOAD + (int)id,
                             channel->comm, &channel->requests[channel->count]);
        if (code != MPI_SUCCESS)
            return code;
        channel->completions[channel->count++] = (struct channel_completion){.pending = pending};
        *pending += 1;
        done += (size_t)count;
    }
    return MPI_SUCCESS;
}

static int mpi_channel_next(struct channel *channel, int *from, void *message)
{
    const int looks = 3; /* a single probe often only starts the progress that the next one sees */
    MPI_Comm comm = ((struct mpi_channel *)channel)->comm;
    int found = 0, code = MPI_SUCCESS, count;
    MPI_Status status;
    *from = -1;
    for (int i = 0; i < looks && code == MPI_SUCCESS && !found; i++)
        code = MPI_Iprobe(MPI_ANY_SOURCE, TAG_MESSAGE, comm, &found, &status);
    if (code != MPI_SUCCESS || !found)
        return code;
    *from = status.MPI_SOURCE;
    MPI_Get_count(&status, MPI_BYTE, &count);
    if (count != (int)channel->message_bytes)
        rpi_mpi_reject("node", *from);
    return MPI_Recv(message, (int)channel->message_bytes, MPI_BYTE, *from, TAG_MESSAGE, comm,
                    MPI_STATUS_IGNORE);
}

static int mpi_channel_leads(struct channel *channel, int from)
{
    (void)channel;
    return from;
}

static enum channel_leader mpi_channel_leader(const struct channel *channel, int node)
{
    (void)channel;
    (void)node;
    return LEADER_LIVES;
}

static void mpi_channel_reject(struct channel *channel, int node)
{
    (void)channel;
    rpi_mpi_reject("node", node);
}

/* MPI reports no deaths. */
static int mpi_channel_changed(struct channel *channel, bool *gone)
{
    (void)channel;
    *gone = false;
    return -1;
}

static void request_complete(struct channel_completion *completion)
{
    if (completion->pending != NULL)
        *completion->pending -= 1;
    free(completion->owned);
    completion->owned = NULL;
}

/* Removes completed requests from the arrays. */
static void requests_compact(struct mpi_channel *channel)
{
    int saved = 0;
    for (int i = 0; i < channel->count; i++) {
        if (channel->requests[i] == MPI_REQUEST_NULL)
            continue;
        channel->requests[saved] = channel->requests[i];
        channel->completions[saved++] = channel->completions[i];
    }
    channel->count = saved;
}

/* Tests several requests in one call: every call makes MPI poll all its connections, and may yield
 * the core. Returns the number of completed requests. */
static int requests_test(struct mpi_channel *channel, int first, int count, int *code)
{
    int found = 0, finished[REQUESTS_PER_TEST];
    MPI_Status unread[REQUESTS_PER_TEST];
    *code = MPI_Testsome(count, channel->requests + first, &found, finished, unread);
    for (int i = 0; i < found; i++)
        request_complete(&channel->completions[first + finished[i]]);
    return found > 0 ? found : 0;
}

static int mpi_channel_step(struct channel *base)
{
    struct mpi_channel *channel = (struct mpi_channel *)base;
    int code = sends_begin_due(channel), found = 0;
    for (int first = 0; first < channel->count && code == MPI_SUCCESS; first += REQUESTS_PER_TEST) {
        int left = channel->count - first;
        found += requests_test(channel, first, left < REQUESTS_PER_TEST ? left : REQUESTS_PER_TEST,
                               &code);
    }
    if (found > 0)
        requests_compact(channel);
    return code;
}

static bool mpi_channel_idle(const struct channel *base)
{
    const struct mpi_channel *channel = (const struct mpi_channel *)base;
    return channel->count == 0 && channel->first == NULL;
}

static void mpi_channel_close(struct channel *base)
{
    struct mpi_channel *channel = (struct mpi_channel *)base;
    free(channel->requests);
    free(channel->completions);
    free(channel);
}

static const struct channel_ops mpi_channel_ops = {
    .message = mpi_channel_message,
    .payload = mpi_channel_payload,
    .expect = mpi_channel_expect,
    .next = mpi_channel_next,
    .leads = mpi_channel_leads,
    .leader = mpi_channel_leader,
    .reject = mpi_channel_reject,
    .step = mpi_channel_step,
    .changed = mpi_channel_changed,
    .idle = mpi_channel_idle,
    .close = mpi_channel_close,
};

rp_status rpi_channel_open_mpi(struct world *world, size_t message_bytes, struct channel **channel,
                               rp_error *error)
{
    struct mpi_channel *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the messages between nodes");
    made->channel = (struct channel){.ops = &mpi_channel_ops, .message_bytes = message_bytes};
    made->comm = world->agents;
    *channel = &made->channel;
    return rpi_environment_seconds("RANKPOOL_TEST_LATENCY", &made->channel.delay, error);
}
