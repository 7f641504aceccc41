#include "world/wired_post.h"

#include <stdlib.h>
#include <string.h>

struct wired_item {
    struct wired_item *next;
    bool letter; /* or a payload, whose letter is before it */
    int from;
    size_t count;
    char bytes[];
};

struct wired_expectation {
    struct wired_expectation *next;
    int from;
    void *memory;
    size_t bytes;
    int *pending;
};

/* What there is no memory for is lost, and with it the job: who waits for it hears of
 * the end only. */
static void keep(struct wired_post *post, bool letter, int from, const void *bytes, size_t count)
{
    struct wired_item *item = malloc(sizeof *item + count);
    if (item == NULL)
        return;
    *item = (struct wired_item){.letter = letter, .from = from, .count = count};
    memcpy(item->bytes, bytes, count);
    if (post->first == NULL)
        post->first = item;
    else
        post->last->next = item;
    post->last = item;
}

static void hear_letter(void *closure, int from, const void *bytes, size_t count)
{
    struct wired_post *post = closure;
    if (count == post->letter_bytes)
        keep(post, true, from, bytes, count);
}

static bool unread_from(const struct wired_post *post, int from)
{
    const struct wired_item *item = post->first;
    while (item != NULL && !(item->letter && item->from == from))
        item = item->next;
    return item != NULL;
}

/* A payload is for the first expectation of what comes from there. If there is none it belongs to a
 * letter that was dropped; or to one that nobody has read yet, and waits for that. */
static void hear_payload(void *closure, int from, const void *bytes, size_t count)
{
    struct wired_post *post = closure;
    struct wired_expectation **place = &post->expected;
    while (*place != NULL && (*place)->from != from)
        place = &(*place)->next;
    struct wired_expectation *expectation = *place;
    if (unread_from(post, from)) {
        keep(post, false, from, bytes, count);
    } else if (expectation != NULL) {
        *place = expectation->next;
        if (count == expectation->bytes)
            memcpy(expectation->memory, bytes, count);
        *expectation->pending -= 1;
        free(expectation);
    }
}

/* Takes the item behind that place out of those that wait. */
static struct wired_item *take(struct wired_post *post, struct wired_item *before)
{
    struct wired_item **place = before != NULL ? &before->next : &post->first, *item = *place;
    *place = item->next;
    if (item->next == NULL)
        post->last = before;
    return item;
}

void rpi_wired_open(struct wired_post *post, struct wires *wires, size_t letter_bytes)
{
    *post = (struct wired_post){.wires = wires, .letter_bytes = letter_bytes};
    rpi_wires_listen(wires, WIRE_LETTER, hear_letter, post);
    rpi_wires_listen(wires, WIRE_PAYLOAD, hear_payload, post);
}

void rpi_wired_close(struct wired_post *post)
{
    if (post->wires == NULL)
        return;
    rpi_wires_listen(post->wires, WIRE_LETTER, NULL, NULL);
    rpi_wires_listen(post->wires, WIRE_PAYLOAD, NULL, NULL);
    while (post->first != NULL)
        free(take(post, NULL));
    while (post->expected != NULL)
        rpi_wired_forget(post, post->expected->from);
}

void rpi_wired_letter(struct wired_post *post, int to, const void *letter)
{
    rpi_wires_send(post->wires, to, WIRE_LETTER, letter, post->letter_bytes, NULL, 0, NULL);
}

void rpi_wired_payload(struct wired_post *post, int to, const void *memory, size_t bytes,
                       int *pending)
{
    if (bytes > 0)
        rpi_wires_send(post->wires, to, WIRE_PAYLOAD, NULL, 0, memory, bytes, pending);
}

/* Has it come already, behind the letter that was read last from there? */
static bool take_payload(struct wired_post *post, int from, void *memory, size_t bytes)
{
    struct wired_item *before = NULL, *item = post->first;
    while (item != NULL && item->from != from) {
        before = item;
        item = item->next;
    }
    if (item == NULL || item->letter)
        return false;
    if (item->count == bytes)
        memcpy(memory, item->bytes, bytes);
    free(take(post, before));
    return true;
}

bool rpi_wired_expect(struct wired_post *post, int from, void *memory, size_t bytes, int *pending)
{
    struct wired_expectation **place = &post->expected;
    if (bytes == 0 || take_payload(post, from, memory, bytes))
        return true;
    struct wired_expectation *expectation = malloc(sizeof *expectation);
    if (expectation == NULL)
        return false;
    *expectation = (struct wired_expectation){
        .from = from, .memory = memory, .bytes = bytes, .pending = pending};
    while (*place != NULL)
        place = &(*place)->next;
    *place = expectation;
    *pending += 1;
    return true;
}

/* Payloads before the next letter are of letters that were dropped. */
void rpi_wired_next(struct wired_post *post, int *from, void *letter)
{
    *from = -1;
    while (post->first != NULL && !post->first->letter)
        free(take(post, NULL));
    if (post->first == NULL)
        return;
    struct wired_item *item = take(post, NULL);
    *from = item->from;
    memcpy(letter, item->bytes, post->letter_bytes);
    free(item);
}

bool rpi_wired_idle(const struct wired_post *post)
{
    return post->expected == NULL && rpi_wires_idle(post->wires);
}

void rpi_wired_forget(struct wired_post *post, int from)
{
    for (struct wired_expectation **place = &post->expected; *place != NULL;) {
        struct wired_expectation *expectation = *place;
        if (expectation->from != from) {
            place = &expectation->next;
            continue;
        }
        *place = expectation->next;
        *expectation->pending -= 1;
        free(expectation);
    }
}
