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
