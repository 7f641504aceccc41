/* Timelines, traces and statistics as files: well-formed, complete, whatever the names are. */
#include "documents.h"
#include "observed_jobs.h"
#include "suites.h"
#include "traces.h"

#include "base/clock.h"
#include "observe/escape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One value from every rank, on the root; NULL elsewhere. */
static double *gather(double mine)
{
    double *all = world_rank() == 0 ? calloc((size_t)world_ranks(), sizeof *all) : NULL;
    MPI_Gather(&mine, 1, MPI_DOUBLE, all, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    return all;
}

START_TEST(the_trace_nests_adds_up_and_tells_every_item_once)
{
    static const int64_t items[] = {OBSERVED_ITEMS, 1000, 500, OBSERVED_ITEMS};
    for (int node_size = 0; node_size <= 2; node_size += 2) {
        char path[64];
        double moments[4];
        rp_pool *pool = open_nodes(node_size);
        root_path(path, ".json");
        moments[0] = rpi_clock_seconds();
        ck_assert_int_eq(rp_record_start(pool), RP_OK);
        moments[1] = rpi_clock_seconds();
        run_observed_map(pool, RP_SCHEDULE_DYNAMIC);
        run_observed_loop(pool, items[1]);
        run_observed_stream(pool);
        run_observed_map(pool, RP_SCHEDULE_ADAPTIVE);
        moments[2] = rpi_clock_seconds();
        ck_assert_int_eq(rp_trace(pool, path), RP_OK);
        moments[3] = rpi_clock_seconds();
        double *least = gather(moments[2] - moments[1]), *most = gather(moments[3] - moments[0]);
        char *text = take_root_file(path);
        if (text != NULL)
            check_trace(text, &(struct recording){items, 4, least, most});
        free(text);
        free(least);
        free(most);
        close_pool(pool);
    }
}
END_TEST

START_TEST(pictures_are_well_formed)
{
    static const char *const suffixes[] = {".svg", ".html"};
    rp_pool *pool = open_nodes(2);
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    for (int round = 0; round < 2; round++) {
        char path[64];
        root_path(path, suffixes[round]);
        ck_assert_int_eq(rp_timeline(pool, path), RP_OK);
        char *text = take_root_file(path);
        if (text != NULL) {
            char *svg = strstr(text, "<svg");
            ck_assert_ptr_nonnull(svg);
            ck_assert(round == 1 || svg == text);
            svg[strlen(svg) - (round == 1 ? strlen("</html>\n") : 0)] = '\0';
            ck_assert(document_is_balanced_xml(svg));
            ck_assert_ptr_nonnull(strstr(svg, ">rank 0<"));
            /* The second timeline has the jobs of the first round, whose name is escaped. */
            ck_assert(round == 0 || strstr(svg, "a &quot;map&quot; &lt;of&gt; &amp;") != NULL);
        }
        free(text);
        run_observed_map(pool, RP_SCHEDULE_ADAPTIVE);
    }
    close_pool(pool);
}
END_TEST

START_TEST(figures_as_json)
{
    char path[64];
    rp_pool *pool = open_pool();
    root_path(path, ".json");
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    run_observed_map(pool, RP_SCHEDULE_GUIDED);
    ck_assert_int_eq(rp_stats_write(pool, path), RP_OK);
    char *text = take_root_file(path);
    ck_assert(text == NULL || document_is_json(text));
    ck_assert(text == NULL || strstr(text, "\"items\": 3000") != NULL);
    free(text);
    close_pool(pool);
}
END_TEST

/* Names with arbitrary bytes: truncated UTF-8, Latin-1, control characters, quotes, tags,
 * noncharacters, and very long ones. */
static const char *const odd_names[] = {
    "caf\xc3",
    "caf\xe9 \xff\xfe\x80\x80",
    "\x01\x02\x1b[31m\x7f\t\n\r",
    "\"'\\</title></text><script>&amp;]]>%s%n",
    "\xe2\x80\xa8 \xe2\x80\xa9 \xef\xbf\xbe \xef\xbf\xbf",
    "\xed\xa0\x80 \xc0\xaf \xf0\x80\x80\x80 \xf4\x90\x80\x80 \xfc",
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"};

static void check_documents(rp_pool *pool, const char *name)
{
    static rp_status (*const tellers[])(rp_pool *, const char *) = {rp_stats_write, rp_trace,
                                                                    rp_timeline};
    static const char *const suffixes[] = {".json", ".json", ".svg"};
    for (int i = 0; i < 3; i++) {
        char path[64];
        root_path(path, suffixes[i]);
        ck_assert_int_eq(tellers[i](pool, path), RP_OK);
        char *text = take_root_file(path);
        if (text != NULL)
            ck_assert_msg(i < 2 ? document_is_json(text) : document_is_balanced_xml(text),
                          "%s of a job named '%s'", suffixes[i], name);
        free(text);
    }
}

START_TEST(names_of_any_bytes)
{
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof odd_names / sizeof odd_names[0]; i++) {
        rp_loop *loop;
        rp_range range;
        ck_assert_int_eq(rp_record_start(pool), RP_OK);
        ck_assert_int_eq(rp_loop_open(pool, 10, &(rp_options){.name = odd_names[i]}, &loop), RP_OK);
        while (rp_loop_next(loop, &range))
            usleep(1000);
        ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
        check_documents(pool, odd_names[i]);
    }
    close_pool(pool);
}
END_TEST

/* The text that JSON and XML get, character by character. */
START_TEST(strings_are_escaped)
{
    static const char *const rows[][3] = {
        {"a\"\\b", "\"a\\\"\\\\b\"", "a&quot;\\b"},
        {"\x01\n", "\"\\u0001\\u000a\"", "\xef\xbf\xbd "},
        {"\xc3\xa9", "\"\xc3\xa9\"", "\xc3\xa9"},
        {"\xe9", "\"\xef\xbf\xbd\"", "\xef\xbf\xbd"},
        {"\xe2\x80\xa8", "\"\\u2028\"", "\xe2\x80\xa8"},
        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80"},
        {"\xf0\x9f\x98", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\x7f", "\"\\u007f\"", "\xef\xbf\xbd"},
        {"<'&>", "\"<'&>\"", "&lt;&#39;&amp;&gt;"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = NULL;
        size_t length;
        FILE *file = open_memstream(&text, &length);
        rpi_json_string(file, rows[i][0]);
        fputc(' ', file);
        rpi_xml_text(file, rows[i][0]);
        fclose(file);
        size_t json = strlen(rows[i][1]);
        ck_assert_msg(strncmp(text, rows[i][1], json) == 0 && text[json] == ' ' &&
                          strcmp(text + json + 1, rows[i][2]) == 0,
                      "row %zu: %s", i, text);
        free(text);
    }
}
END_TEST

START_TEST(json_has_no_word_for_what_is_not_finite)
{
    const double values[] = {1.5, NAN, INFINITY, -INFINITY, -0.25};
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    for (int i = 0; i < 5; i++) {
        rpi_json_number(file, values[i], 2);
        fputc(' ', file);
    }
    fclose(file);
    ck_assert_str_eq(text, "1.50 null null null -0.25 ");
    free(text);
}
END_TEST

static const struct test_case cases[] = {
    {"the trace nests, adds up, and tells every item once",
     &the_trace_nests_adds_up_and_tells_every_item_once},
    {"pictures are well-formed", &pictures_are_well_formed},
    {"names of any bytes", &names_of_any_bytes},
    {"strings are escaped", &strings_are_escaped},
    {"JSON has no word for what is not finite", &json_has_no_word_for_what_is_not_finite},
    {"figures as JSON", &figures_as_json},
    {NULL, NULL},
};
const struct test_group observe_files_tests = {"observe_files", cases};
