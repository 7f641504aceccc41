#include "pool/parcel.h"

#include "pool/station.h"

#include <stdlib.h>

struct parcel *rpi_parcel_make(void)
{
    struct parcel *parcel = calloc(1, sizeof *parcel);
    char *base = malloc(STATION_AREA);
    if (parcel == NULL || base == NULL) {
        free(parcel);
        free(base);
        return NULL;
    }
    parcel->area = (struct area){base, 0, STATION_AREA};
    return parcel;
}

void rpi_parcel_drop_large(struct parcel *parcel)
{
    free(parcel->large);
    parcel->large = NULL;
    parcel->large_bytes = 0;
}

void rpi_parcel_free(struct parcel *parcel)
{
    if (parcel == NULL)
        return;
    rpi_parcel_drop_large(parcel);
    free(parcel->area.base);
    free(parcel);
}

struct parcel *rpi_parcel_answer(struct parcel *results)
{
    struct parcel *parcel = results->answered;
    struct area inputs = parcel->area;
    rpi_parcel_drop_large(parcel);
    parcel->area = results->area;
    parcel->large = results->large;
    parcel->large_bytes = results->large_bytes;
    parcel->fate = PARCEL_DONE;
    parcel->done = results->done;
    parcel->seconds = results->seconds;
    parcel->hungry = results->hungry;
    results->area = inputs;
    results->large = NULL;
    rpi_parcel_free(results);
    return parcel;
}

void rpi_parcels_add(struct parcel_list *list, struct parcel *parcel)
{
    parcel->next = NULL;
    parcel->previous = list->tail;
    if (list->tail != NULL)
        list->tail->next = parcel;
    else
        list->head = parcel;
    list->tail = parcel;
}

void rpi_parcels_remove(struct parcel_list *list, struct parcel *parcel)
{
    if (parcel->previous != NULL)
        parcel->previous->next = parcel->next;
    else
        list->head = parcel->next;
    if (parcel->next != NULL)
        parcel->next->previous = parcel->previous;
    else
        list->tail = parcel->previous;
}

struct parcel *rpi_parcels_take(struct parcel_list *list)
{
    struct parcel *first = list->head;
    if (first != NULL)
        rpi_parcels_remove(list, first);
    return first;
}

void rpi_parcels_free(struct parcel_list *list)
{
    for (struct parcel *parcel; (parcel = rpi_parcels_take(list)) != NULL;)
        rpi_parcel_free(parcel);
}
