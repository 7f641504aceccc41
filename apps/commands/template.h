/* Makes commands of a template and arguments, as GNU parallel does:
 *
 *   {}     the argument
 *   {.}    without the extension of its last component
 *   {/}    its last component
 *   {//}   its directory
 *   {/.}   its last component, without extension
 *   {#}    the number of the command, from 1
 *
 * What an argument gives is quoted for the shell. A template with none of these gets a {} at its
 * end. */
#ifndef RANKPOOL_APPS_COMMANDS_TEMPLATE_H
#define RANKPOOL_APPS_COMMANDS_TEMPLATE_H

#include <rankpool/buffer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Joins words with blanks. NULL: out of memory; otherwise to be freed by the caller. */
char *template_make(char *const *words, int count);

/* Appends the command number `number` to `command`, without a null byte. False: out of memory. */
bool template_expand(const char *template, const char *argument, size_t length, int64_t number,
                     rp_buffer *command);

#endif
