/* What a timeline does in a browser: tells what is under the mouse. */
#ifndef RANKPOOL_OBSERVE_TIMELINE_SCRIPT_H
#define RANKPOOL_OBSERVE_TIMELINE_SCRIPT_H

/* It finds `lanes`, `left`, `wide`, `tall`, `begin`, `seconds` and `bottom` defined. */
extern const char rpi_timeline_script[];

#endif
