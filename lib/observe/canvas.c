#include "observe/canvas.h"

#include "observe/markup.h"

void rpi_canvas_text(const struct canvas *canvas, double x, double y, const char *class,
                     const char *text)
{
    fprintf(canvas->file, "<text x='%.1f' y='%.1f' class='%s'>", x, y, class);
    rpi_xml_text(canvas->file, text);
    fprintf(canvas->file, "</text>\n");
}

void rpi_canvas_rectangle(const struct canvas *canvas, double x, double y, double width,
                          double height, const char *class)
{
    fprintf(canvas->file, "<rect x='%.2f' y='%.2f' width='%.2f' height='%.2f' class='%s'/>\n", x, y,
            width, height, class);
}
