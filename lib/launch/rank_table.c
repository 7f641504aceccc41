#include "launch/rank_table.h"

#include "launch/control_socket.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct departed_page {
    struct departed_page *next;
    struct rank_state_page *page;
};

struct member *rpi_rank_table_add(struct rank_table *rank_table, int channel, pid_t process)
{
    struct member *member = malloc(sizeof *member);
    if (member == NULL)
        return NULL;
    *member = (struct member){
        .source.file = channel, .next = rank_table->first, .process = process, .rank = -1};
    rank_table->first = member;
    return member;
}

/* A rank that has closed its connection may still run and write: its files are removed when the job
 * is over. */
static void rank_table_keep_page(struct rank_table *rank_table, struct rank_state_page *page)
{
    struct departed_page *departed = NULL;
    if (page != NULL && rpi_temporary_files_any(&page->files))
        departed = malloc(sizeof *departed);
    if (departed == NULL) {
        rpi_rank_state_unmap(page);
        return;
    }
    *departed = (struct departed_page){rank_table->departed, page};
    rank_table->departed = departed;
}

void rpi_rank_table_remove(struct rank_table *rank_table, struct member *member)
{
    struct member **link = &rank_table->first;
    while (*link != member)
        link = &(*link)->next;
    *link = member->next;
    rank_table_keep_page(rank_table, member->page);
    close(member->source.file);
    free(member);
}

/* Ranks that were killed last may still be members: their connections may not have ended yet. */
void rpi_rank_table_remove_files(struct rank_table *rank_table)
{
    while (rank_table->first != NULL)
        rpi_rank_table_remove(rank_table, rank_table->first);
    for (struct departed_page *each; (each = rank_table->departed) != NULL; free(each)) {
        rank_table->departed = each->next;
        rpi_temporary_files_remove_of(&each->page->files);
        rpi_rank_state_unmap(each->page);
    }
}

bool rpi_rank_table_has(const struct rank_table *rank_table, int rank)
{
    for (const struct member *member = rank_table->first; member != NULL; member = member->next)
        if (member->rank == rank)
            return true;
    return false;
}

static void member_signal(const struct member *member, int signal_number)
{
    if (member->rank >= 0 && rpi_control_is_open(member->source.file))
        kill(member->process, signal_number);
}

void rpi_rank_table_signal(const struct rank_table *rank_table, int signal_number)
{
    for (const struct member *member = rank_table->first; member != NULL; member = member->next)
        member_signal(member, signal_number);
}

void rpi_rank_table_end(const struct rank_table *rank_table, bool all)
{
    for (const struct member *member = rank_table->first; member != NULL; member = member->next)
        if (all || !member->exiting)
            member_signal(member, SIGKILL);
}

bool rpi_rank_table_exits(const struct rank_table *rank_table)
{
    for (const struct member *member = rank_table->first; member != NULL; member = member->next)
        if (member->exiting)
            return true;
    return false;
}

bool rpi_rank_table_waits(const struct rank_table *rank_table)
{
    for (const struct member *member = rank_table->first; member != NULL; member = member->next) {
        enum rank_state rank_state = rpi_rank_table_state(member);
        if (!member->exiting && rank_state >= RANK_OPENING && rank_state < RANK_LEAVING)
            return true;
    }
    return false;
}

bool rpi_rank_table_knows(const struct rank_table *rank_table, pid_t process)
{
    for (const struct member *member = rank_table->first; member != NULL; member = member->next)
        if (member->process == process && member->rank >= 0)
            return true;
    return false;
}

void rpi_rank_table_interrupt(const struct rank_table *rank_table, int signal_number)
{
    for (const struct member *member = rank_table->first; member != NULL; member = member->next)
        if (member->page != NULL)
            atomic_store(&member->page->interrupted, signal_number);
}

enum rank_state rpi_rank_table_state(const struct member *member)
{
    int rank_state = member->page != NULL ? atomic_load(&member->page->rank_state) : RANK_LAUNCHED;
    return rank_state >= 0 && rank_state < RANK_STATES ? (enum rank_state)rank_state : RANK_NEEDED;
}

bool rpi_rank_table_told(const struct member *member)
{
    return member->page != NULL && atomic_load(&member->page->told) != 0;
}
