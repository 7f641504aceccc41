/* A timeline as a self-contained SVG file: style, drawing, and script with its data. */
#include "observe/timeline_layout.h"

#include <inttypes.h>

/* The script describes the stretch under the mouse. It expects the variables `lanes`, `left`,
 * `wide`, `tall`, `begin`, `seconds` and `bottom`. */
/* clang-format off */
static const char svg_script[] =
    "var svg=document.querySelector('svg.rankpool'),hover=svg.querySelector('#hover');\n"
    "function make(name,attributes,text){\n"
    "  var e=document.createElementNS('http://www.w3.org/2000/svg',name);\n"
    "  for(var key in attributes)e.setAttribute(key,attributes[key]);\n"
    "  if(text)e.textContent=text;\n"
    "  hover.appendChild(e);return e;}\n"
    "function time(t){\n"
    "  var a=Math.abs(t);\n"
    "  return a>=1?t.toPrecision(4)+' s':a>=1e-3?(t*1e3).toPrecision(4)+' ms':\n"
    "    (t*1e6).toPrecision(3)+' µs';}\n"
    "function laneAt(y){\n"
    "  for(var i=lanes.length-1;i>=0;i--)if(y>=lanes[i][0])return y>lanes[i][0]+tall+1?-1:i;\n"
    "  return -1;}\n"
    /* The index of the stretch that contains t, or -1: nine numbers each. */
    "function stretchAt(s,t){\n"
    "  var low=0,high=s.length/9;\n"
    "  while(high>low){var m=(low+high)>>1;if(s[9*m+1]>t)high=m;else low=m+1;}\n"
    "  return s[9*low]>t||9*low>=s.length?-1:9*low;}\n"
    "function describe(s,at){\n"
    "  var lines=[],names=['works','communicates','looks for items','waits'];\n"
    "  if(s[at+8]>0)lines.push((s[at+8]===1?'':s[at+8]+' chunks, ')+(s[at+7]===1?'item '+s[at+6]:\n"
    "    s[at+7]+' items from '+s[at+6]));\n"
    "  for(var k=0;k!==4;k++)if(s[at+2+k]>0)lines.push(names[k]+' '+time(s[at+2+k]));\n"
    "  return lines;}\n"
    "function hide(){hover.setAttribute('visibility','hidden');}\n"
    "svg.addEventListener('mouseleave',hide);\n"
    "svg.addEventListener('mousemove',function(event){\n"
    "  var p=svg.createSVGPoint();p.x=event.clientX;p.y=event.clientY;\n"
    "  p=p.matrixTransform(svg.getScreenCTM().inverse());\n"
    "  var rank=laneAt(p.y);\n"
    "  if(0>rank||left>p.x||p.x>left+wide)return hide();\n"
    "  var t=begin+(p.x-left)/wide*seconds,s=lanes[rank][2],at=stretchAt(s,t);\n"
    "  var lines=['rank '+rank+', node '+lanes[rank][1]+', at '+time(t)];\n"
    "  if(at>=0)lines=lines.concat(describe(s,at));else lines.push('own code');\n"
    "  hover.textContent='';\n"
    "  var high=18*lines.length+10,box=make('rect',{'class':'tip',rx:4,height:high});\n"
    "  var most=0,texts=lines.map(function(line,i){\n"
    "    var e=make('text',{'class':'tiptext'},line);\n"
    "    most=Math.max(most,e.getComputedTextLength());return e;});\n"
    "  var x=p.x+14,y=p.y+14;\n"
    "  if(x+most+20>left+wide+80)x=p.x-most-30;\n"
    "  if(y+high>bottom+60)y=p.y-high-8;\n"
    "  box.setAttribute('x',x);box.setAttribute('y',y);box.setAttribute('width',most+20);\n"
    "  texts.forEach(function(e,i){e.setAttribute('x',x+10);e.setAttribute('y',y+20+18*i);});\n"
    "  make('path',{'class':'cursor',d:'M'+p.x+' '+lanes[0][0]+'V'+bottom});\n"
    "  hover.setAttribute('visibility','visible');});\n";
/* clang-format on */

static const char svg_style[] =
    "text{font-family:Inter,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif;font-size:12px;"
    "fill:#3d4852}\n"
    ".title{font-size:20px;font-weight:600;fill:#1f2933}\n"
    ".small{font-size:11px;fill:#7b8794}\n.end{text-anchor:end}\n.middle{text-anchor:middle}\n"
    ".work{fill:#3a7ebf}\n.own{fill:#76b7a0}\n.move{fill:#eda63a}\n.claim{fill:#a765a9}\n"
    ".wait{fill:#e4e9ee}\n.grid{stroke:#d3dae1;stroke-width:1;shape-rendering:crispEdges}\n"
    ".faint{stroke:#fff;stroke-width:.6;stroke-opacity:.75;shape-rendering:crispEdges}\n"
    ".slow{fill:none;stroke:#d0324b;stroke-width:1.6}\n"
    ".badge{fill:#d0324b}\n.number{font-size:10px;font-weight:600;fill:#fff;text-anchor:middle}\n"
    ".job{fill:#eef2f6;stroke:#c3ccd5;stroke-width:.8}\n.node{stroke:#9aa5b1;stroke-width:2}\n"
    ".tip{fill:#1f2933;fill-opacity:.94}\n.tiptext{fill:#fff}\n"
    ".cursor{stroke:#1f2933;stroke-width:1;stroke-dasharray:2 3}\n";

/* The script's data: each lane's top, node and stretches, then the layout. */
static void svg_write_data(const struct canvas *canvas)
{
    const struct timeline *timeline = canvas->timeline;
    fprintf(canvas->file, "var lanes=[");
    for (int rank = 0; rank < canvas->profile->ranks; rank++) {
        const struct lane_picture *lane = &timeline->lanes[rank];
        fprintf(canvas->file, "%s\n[%g,%d,[", rank > 0 ? "," : "",
                rpi_timeline_layout_lane(&canvas->layout, canvas->profile, rank),
                canvas->profile->rank_profiles[rank].figures.node);
        for (uint32_t i = 0; i < lane->count; i++) {
            const struct event *at = &lane->stretches[i];
            fprintf(canvas->file, "%s%.6g,%.6g,%.4g,%.4g,%.4g,%.4g,%" PRId64 ",%" PRId64 ",%u",
                    i > 0 ? "," : "", at->begin, at->end, (double)at->seconds[WORKING],
                    (double)at->seconds[COMMUNICATING], (double)at->seconds[SCHEDULING],
                    (double)at->seconds[WAITING], at->first, at->items, at->chunks);
        }
        fprintf(canvas->file, "]]");
    }
    fprintf(canvas->file, "];\nvar left=%g,wide=%g,tall=%g,begin=%.9g,seconds=%.9g,bottom=%g;\n",
            canvas->layout.left, canvas->layout.plot_width, canvas->layout.lane_height,
            canvas->layout.begin, canvas->layout.seconds, canvas->layout.axis_top);
}

static void svg_write(const struct canvas *canvas)
{
    const struct timeline_layout *layout = &canvas->layout;
    fprintf(canvas->file,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %g %g' width='%g' height='%g' "
            "class='rankpool'>\n<style>%s</style>\n<rect width='100%%' height='100%%' "
            "fill='#fff'/>\n",
            layout->width, layout->height, layout->width, layout->height, svg_style);
    rpi_canvas_notes_before(canvas);
    rpi_canvas_graph(canvas);
    for (int rank = 0; rank < canvas->profile->ranks; rank++)
        rpi_canvas_lane(canvas, rank);
    rpi_canvas_notes_over(canvas);
    fprintf(canvas->file, "<g id='hover' visibility='hidden' pointer-events='none'></g>\n"
                          "<script><![CDATA[\n(function(){\n");
    svg_write_data(canvas);
    fprintf(canvas->file, "%s})();\n]]></script>\n</svg>\n", svg_script);
}

void rpi_timeline_write(FILE *file, const struct timeline *timeline, bool page)
{
    struct canvas canvas = {.file = file,
                            .timeline = timeline,
                            .profile = timeline->profile,
                            .stats = rpi_profile_figures(timeline->profile)};
    canvas.marked = canvas.stats.slow < MARKED ? canvas.stats.slow : MARKED;
    canvas.layout = rpi_timeline_layout_make(timeline->profile, canvas.marked);
    if (page)
        fprintf(file, "<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>\n"
                      "<title>Rankpool timeline</title>\n"
                      "<style>body{margin:0;background:#fff}svg{display:block;margin:auto;"
                      "max-width:100%%;height:auto}</style>\n");
    svg_write(&canvas);
    if (page)
        fprintf(file, "</html>\n");
}
