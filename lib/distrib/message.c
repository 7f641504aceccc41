#include "distrib/message.h"

static bool message_units_valid(struct unit_range unit_range,
                                const struct agent_message_terms *terms)
{
    return !unit_range_empty(unit_range) && unit_range.high <= terms->units.count;
}

static bool message_batch_valid(const struct agent_message *message,
                                const struct agent_message_terms *terms)
{
    if (!message_units_valid(message->units, terms) ||
        unit_range_length(message->units) > terms->most)
        return false;
    rp_range items = units_to_items(&terms->units, message->units);
    return message->first == items.begin && message->items == items.end - items.begin &&
           message->attempt >= 0 && (message->arrays & ~terms->inputs) == 0;
}

static bool message_result_valid(const struct agent_message *message,
                                 const struct agent_message_terms *terms)
{
    return message->first >= 0 && message->items >= 0 && message->first <= terms->units.items &&
           message->items <= terms->units.items - message->first &&
           (message->arrays & ~terms->outputs) == 0;
}

static bool message_death_valid(const struct agent_message *message,
                                const struct agent_message_terms *terms)
{
    return message_units_valid(message->units, terms) && message->first >= 0 &&
           message->first < terms->ranks && terms->node_of[message->first] == terms->from;
}

static bool message_to_node_valid(const struct agent_message *message,
                                  const struct agent_message_terms *terms)
{
    switch (message->link.kind) {
    case MESSAGE_BATCH:
        return message_batch_valid(message, terms);
    case MESSAGE_PROGRESS:
        return message->seconds >= 0;
    default:
        return false;
    }
}

static bool message_to_root_valid(const struct agent_message *message,
                                  const struct agent_message_terms *terms)
{
    switch (message->link.kind) {
    case MESSAGE_REQUEST:
        return message->speed >= 0 && message->seconds >= 0;
    case MESSAGE_RESULT:
        return message_result_valid(message, terms);
    case MESSAGE_DELIVERED:
        return message_units_valid(message->units, terms);
    case MESSAGE_CLEAR:
        return message->items >= 0;
    case MESSAGE_DIED:
        return message_death_valid(message, terms);
    case MESSAGE_PROGRESS:
        return message->first >= 0 && message->first < terms->nodes;
    default:
        return false;
    }
}

bool rpi_agent_message_valid(const struct agent_message *message,
                             const struct agent_message_terms *terms)
{
    return (terms->to_node && message_to_node_valid(message, terms)) ||
           (terms->to_root && message_to_root_valid(message, terms));
}
