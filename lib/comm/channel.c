#include "comm/channel.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"

#include <stdlib.h>
#include <string.h>

enum {
    TAG_MESSAGE = 1,
    TAG_PAYLOAD = 2, /* plus the channel id */
    REQUESTS_PER_TEST = 64
};

struct channel_completion {
    int *pending; /* decremented when the request is complete; or NULL */
    void *owned;  /* freed then; or NULL */
};

struct channel_send {
    struct channel_send *next;
    double due;
    int to, tag, count;
    const void *memory;
    struct channel_completion completion;
};

/* Payloads are split, so that several parts are in progress at once: each MPI call advances a long
 * message only a little. */
static int payload_part(size_t left)
{
    const size_t most = (size_t)1 << 19;
    return rpi_part((int64_t)(left < most ? left : most), 1);
}

rp_status rpi_channel_open(struct channel *channel, MPI_Comm comm, size_t message_bytes,
                           rp_error *error)
{
    *channel = (struct channel){.comm = comm, .message_bytes = message_bytes};
    return rpi_environment_seconds("RANKPOOL_TEST_LATENCY", &channel->delay, error);
}

void rpi_channel_open_tcp(struct channel *channel, struct tcp_links *tcp_links,
                          size_t message_bytes)
{
    *channel = (struct channel){.comm = MPI_COMM_NULL, .message_bytes = message_bytes};
    rpi_tcp_channel_open(&channel->tcp, tcp_links, message_bytes);
}

static bool channel_uses_tcp(const struct channel *channel)
{
    return channel->tcp.tcp_links != NULL;
}

void rpi_channel_close(struct channel *channel)
{
    rpi_tcp_channel_close(&channel->tcp);
    free(channel->requests);
    free(channel->completions);
    *channel = (struct channel){.comm = MPI_COMM_NULL};
}

/* Ensures space for one more request. */
static bool requests_reserve(struct channel *channel)
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

static int send_begin(struct channel *channel, const struct channel_send *send)
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
static int sends_begin_due(struct channel *channel)
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

static int send_delay(struct channel *channel, const struct channel_send *send)
{
    struct channel_send *held = malloc(sizeof *held);
    if (held == NULL)
        return MPI_ERR_NO_MEM;
    *held = *send;
    held->next = NULL;
    held->due = rpi_clock_seconds() + channel->delay;
    if (channel->first == NULL)
        channel->first = held;
    else
        channel->last->next = held;
    channel->last = held;
    return MPI_SUCCESS;
}

static int send_submit(struct channel *channel, const struct channel_send *send)
{
    channel->bytes_sent += send->count;
    return channel->delay > 0 ? send_delay(channel, send) : send_begin(channel, send);
}

static int message_send_tcp(struct channel *channel, int to, const void *message)
{
    channel->messages_sent++;
    channel->bytes_sent += (int64_t)channel->message_bytes;
    return rpi_tcp_channel_message(&channel->tcp, to, message) ? MPI_SUCCESS : MPI_ERR_NO_MEM;
}

int rpi_channel_message(struct channel *channel, int to, const void *message)
{
    if (channel_uses_tcp(channel))
        return message_send_tcp(channel, to, message);
    void *copy = malloc(channel->message_bytes);
    if (copy == NULL)
        return MPI_ERR_NO_MEM;
    memcpy(copy, message, channel->message_bytes);
    channel->messages_sent++;
    return send_submit(channel, &(struct channel_send){.to = to,
                                                       .tag = TAG_MESSAGE,
                                                       .count = (int)channel->message_bytes,
                                                       .memory = copy,
                                                       .completion = {.owned = copy}});
}

int rpi_channel_payload(struct channel *channel, int to, enum channel_id id, const void *memory,
                        size_t bytes, int *pending)
{
    int code = MPI_SUCCESS;
    if (channel_uses_tcp(channel)) {
        channel->bytes_sent += (int64_t)bytes;
        return rpi_tcp_channel_payload(&channel->tcp, to, memory, bytes, pending) ? MPI_SUCCESS
                                                                                  : MPI_ERR_NO_MEM;
    }
    for (size_t done = 0; done < bytes && code == MPI_SUCCESS;) {
        struct channel_send send = {.to = to,
                                    .tag = TAG_PAYLOAD + (int)id,
                                    .count = payload_part(bytes - done),
                                    .memory = (const char *)memory + done,
                                    .completion = {.pending = pending}};
        code = send_submit(channel, &send);
        *pending += code == MPI_SUCCESS;
        done += (size_t)send.count;
    }
    return code;
}

int rpi_channel_expect(struct channel *channel, int from, enum channel_id id, void *memory,
                       size_t bytes, int *pending)
{
    if (channel_uses_tcp(channel))
        return rpi_tcp_channel_expect(&channel->tcp, from, memory, bytes, pending) ? MPI_SUCCESS
                                                                                   : MPI_ERR_NO_MEM;
    for (size_t done = 0; done < bytes;) {
        int count = payload_part(bytes - done);
        if (!requests_reserve(channel))
            return MPI_ERR_NO_MEM;
        int code = MPI_Irecv((char *)memory + done, count, MPI_BYTE, from, TAG_PAYLOAD + (int)id,
                             channel->comm, &channel->requests[channel->count]);
        if (code != MPI_SUCCESS)
            return code;
        channel->completions[channel->count++] = (struct channel_completion){.pending = pending};
        *pending += 1;
        done += (size_t)count;
    }
    return MPI_SUCCESS;
}

int rpi_channel_next(struct channel *channel, int *from, void *message)
{
    const int looks = 3; /* a single probe often only starts the progress that the next one sees */
    int found = 0, code = MPI_SUCCESS;
    MPI_Status status;
    *from = -1;
    if (channel_uses_tcp(channel)) {
        rpi_tcp_channel_next(&channel->tcp, from, message);
        return MPI_SUCCESS;
    }
    for (int i = 0; i < looks && code == MPI_SUCCESS && !found; i++)
        code = MPI_Iprobe(MPI_ANY_SOURCE, TAG_MESSAGE, channel->comm, &found, &status);
    if (code != MPI_SUCCESS || !found)
        return code;
    int count;
    *from = status.MPI_SOURCE;
    MPI_Get_count(&status, MPI_BYTE, &count);
    if (count != (int)channel->message_bytes)
        rpi_mpi_reject("node", *from);
    return MPI_Recv(message, (int)channel->message_bytes, MPI_BYTE, *from, TAG_MESSAGE,
                    channel->comm, MPI_STATUS_IGNORE);
}

void rpi_channel_reject(struct channel *channel, int from)
{
    if (channel_uses_tcp(channel))
        rpi_tcp_links_reject(channel->tcp.tcp_links, from);
    else
        rpi_mpi_reject("node", from);
}

static void request_complete(struct channel_completion *completion)
{
    if (completion->pending != NULL)
        *completion->pending -= 1;
    free(completion->owned);
    completion->owned = NULL;
}

/* Removes completed requests from the arrays. */
static void requests_compact(struct channel *channel)
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
static int requests_test(struct channel *channel, int first, int count, int *code)
{
    int found = 0, finished[REQUESTS_PER_TEST];
    MPI_Status unread[REQUESTS_PER_TEST];
    *code = MPI_Testsome(count, channel->requests + first, &found, finished, unread);
    for (int i = 0; i < found; i++)
        request_complete(&channel->completions[first + finished[i]]);
    return found > 0 ? found : 0;
}

int rpi_channel_step(struct channel *channel)
{
    if (channel_uses_tcp(channel)) {
        rpi_tcp_links_step(channel->tcp.tcp_links);
        return MPI_SUCCESS;
    }
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

bool rpi_channel_idle(const struct channel *channel)
{
    if (channel_uses_tcp(channel))
        return rpi_tcp_channel_idle(&channel->tcp);
    return channel->count == 0 && channel->first == NULL;
}
