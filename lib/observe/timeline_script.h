/* The script of a timeline in a browser: describes the stretch under the mouse. */
#ifndef RANKPOOL_OBSERVE_TIMELINE_SCRIPT_H
#define RANKPOOL_OBSERVE_TIMELINE_SCRIPT_H

/* Expects the variables `lanes`, `left`, `wide`, `tall`, `begin`, `seconds` and `bottom`. */
extern const char rpi_timeline_script[];

#endif
