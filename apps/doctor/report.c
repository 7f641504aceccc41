#include "doctor/report.h"

#include <stdarg.h>

__attribute__((format(printf, 3, 0))) static void print_line(const char *verdict, const char *topic,
                                                             const char *format, va_list arguments)
{
    printf("%-5s %-14s ", verdict, topic);
    vprintf(format, arguments);
    putchar('\n');
}

void report_ok(const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("ok", topic, format, arguments);
    va_end(arguments);
}

void report_note(const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("note", topic, format, arguments);
    va_end(arguments);
}

void report_mend(struct report *report, const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("MEND", topic, format, arguments);
    va_end(arguments);
    report->mends++;
}

void report_type(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("", "type:", format, arguments);
    va_end(arguments);
}

void report_end(const struct report *report)
{
    if (report->mends == 0)
        puts("all in order");
    else
        printf("%d thing%s to mend\n", report->mends, report->mends == 1 ? "" : "s");
}
