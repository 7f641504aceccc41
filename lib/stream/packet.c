#include "stream/packet.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct packet *rpi_packet_make(void)
{
    struct packet *packet = calloc(1, sizeof *packet);
    char *base = malloc(SLOT_QUEUE_AREA);
    if (packet == NULL || base == NULL) {
        free(packet);
        free(base);
        return NULL;
    }
    packet->area = (struct area){base, 0, SLOT_QUEUE_AREA};
    return packet;
}

static bool error_record_valid(const struct record *record, const char *data)
{
    rp_error error;
    if (record->failed != 1 || record->bytes != sizeof error)
        return false;
    memcpy(&error, data, sizeof error);
    return rpi_error_valid(&error);
}

bool rpi_records_valid(const struct area *area, uint32_t records, const char *large,
                       size_t large_bytes, enum records of)
{
    size_t position = 0;
    bool valid = area->used <= area->capacity;
    for (uint32_t i = 0; i < records && valid; i++) {
        struct record record;
        uint64_t where = 0;
        size_t left = area->used - position;
        if (left < sizeof record)
            return false;
        memcpy(&record, area->base + position, sizeof record);
        const char *behind = area->base + position + sizeof record;
        bool elsewhere = record.elsewhere != 0;
        size_t here = elsewhere ? RECORD_LEAST - sizeof record : record.bytes;
        valid = here <= left - sizeof record && record_padded(here) <= left - sizeof record &&
                record.elsewhere <= 1 && (!elsewhere || of != RECORDS_OF_INPUTS);
        if (valid && elsewhere) {
            memcpy(&where, behind, sizeof where);
            valid = where <= large_bytes && record.bytes <= large_bytes - where;
        }
        if (valid && record.failed != 0)
            valid = of == RECORDS_OF_RESULTS &&
                    error_record_valid(&record, elsewhere ? large + where : behind);
        position += valid ? sizeof record + record_padded(here) : 0;
    }
    return valid && position == area->used;
}

void rpi_packet_withdraw(struct packet *packet, int64_t item)
{
    uint64_t number = (uint64_t)(item - packet->first);
    packet->withdrawn[number / 64] |= UINT64_C(1) << number % 64;
}

void rpi_packet_drop_large(struct packet *packet)
{
    free(packet->large);
    packet->large = NULL;
    packet->large_bytes = 0;
}

void rpi_packet_free(struct packet *packet)
{
    if (packet == NULL)
        return;
    rpi_packet_drop_large(packet);
    free(packet->area.base);
    free(packet);
}

struct packet *rpi_packet_take_results(struct packet *results)
{
    struct packet *packet = results->results_for;
    struct area inputs = packet->area;
    rpi_packet_drop_large(packet);
    packet->area = results->area;
    packet->large = results->large;
    packet->large_bytes = results->large_bytes;
    packet->fate = PACKET_DONE;
    packet->done = results->done;
    packet->seconds = results->seconds;
    packet->starved = results->starved;
    packet->results_arriving = false;
    results->area = inputs;
    results->large = NULL;
    rpi_packet_free(results);
    return packet;
}

void rpi_packets_add(struct packet_list *list, struct packet *packet)
{
    packet->next = NULL;
    packet->previous = list->tail;
    if (list->tail != NULL)
        list->tail->next = packet;
    else
        list->head = packet;
    list->tail = packet;
}

void rpi_packets_remove(struct packet_list *list, struct packet *packet)
{
    if (packet->previous != NULL)
        packet->previous->next = packet->next;
    else
        list->head = packet->next;
    if (packet->next != NULL)
        packet->next->previous = packet->previous;
    else
        list->tail = packet->previous;
}

struct packet *rpi_packets_take(struct packet_list *list)
{
    struct packet *first = list->head;
    if (first != NULL)
        rpi_packets_remove(list, first);
    return first;
}

void rpi_packets_free(struct packet_list *list)
{
    for (struct packet *packet; (packet = rpi_packets_take(list)) != NULL;)
        rpi_packet_free(packet);
}
