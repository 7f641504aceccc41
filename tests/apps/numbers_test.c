/* Numbers as people write them. Plain Check, no MPI. */
#include "passes.h"

#include "common/number.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    uint64_t value;
} good[] = {
    {"0", 0},
    {"1", 1},
    {"007", 7},
    {"00000000000000000000000000000000000000000000000000000000000042", 42},
    {"18446744073709551615", UINT64_MAX},
    {"1e10", 10000000000},
    {"1E10", 10000000000},
    {"1e+3", 1000},
    {"1000e-3", 1},
    {"1.5e3", 1500},
    {"0.0", 0},
    {"0.00e5", 0},
    {"0e999999999999999999999", 0},
    {"2.0", 2},
    {".5e1", 5},
    {"1.2300000000000000000000000000000000000000000000000e2", 123},
    {"10^9", 1000000000},
    {"10**9", 1000000000},
    {"2^32", UINT64_C(1) << 32},
    {"2^63", UINT64_C(1) << 63},
    {"2^64-1", UINT64_MAX},
    {"2**64 - 1", UINT64_MAX},
    {"1e9+7", 1000000007},
    {"(2^10+1)*3", 3075},
    {"2+3*4", 14},
    {"(2+3)*4", 20},
    {"10-4-3", 3},
    {"100/7/2", 7},
    {"7/2", 3},
    {"7%4", 3},
    {"2*3%4", 2},
    {"2^3^2", 512},
    {"2**3^2", 512},
    {"-2^2+5", 1},
    {"(-2)^2", 4},
    {"(-7)/2+4", 1},
    {"(-7)%2+1", 0},
    {"(-7)/-1", 7},
    {"7%-1", 0},
    {"5--3", 8},
    {"5-+3", 2},
    {"+5", 5},
    {"-0", 0},
    {"0^0", 1},
    {"1^(10^30)", 1},
    {"(-1)^(10^30+1)+1", 0},
    {"0^(10^30)", 0},
    {"2^126/2^120", 64},
    {"-5+2^64+4", UINT64_MAX},
    {"  1e10\t", 10000000000},
    {" ( 1 + 1 ) ^ ( 3 ) ", 8},
    {"((((((((((7))))))))))", 7},
};

static const struct {
    const char *text;
    const char *problem;
} bad[] = {
    {"", "it ends where a number should follow"},
    {" ", "it ends where a number should follow"},
    {"1+", "it ends where a number should follow"},
    {"(", "it ends where a number should follow"},
    {"ten", "'ten' at character 1 should be a number"},
    {"1+x", "'x' at character 3 should be a number"},
    {"*3", "'*3' at character 1 should be a number"},
    {"()", "')' at character 2 should be a number"},
    {".", "'.' at character 1 should be a number"},
    {"nan", "'nan' at character 1 should be a number"},
    {"1e10x", "'x' at character 5 makes no sense there"},
    {"1 2", "'2' at character 3 makes no sense there"},
    {"0x10", "'x10' at character 2 makes no sense there"},
    {"1,000", "',000' at character 2 makes no sense there"},
    {"1)", "')' at character 2 makes no sense there"},
    {"1.2.3", "'1.2' is not a whole number"},
    {"1.50", "'1.50' is not a whole number"},
    {"1e-1", "'1e-1' is not a whole number"},
    {"0.5*4", "'0.5' is not a whole number"},
    {"1e", "digits should follow the 'e' at character 2"},
    {"1e+", "digits should follow the 'e' at character 2"},
    {"1ex", "digits should follow the 'e' at character 2"},
    {"(1+2", "the '(' at character 1 has no ')'"},
    {"3*(1+(2)", "the '(' at character 3 has no ')'"},
    {"1/0", "division by zero at character 2"},
    {"1%(3-3)", "division by zero at character 2"},
    {"2^-1", "a negative exponent at character 2"},
    {"2^127", "too large to compute at character 2"},
    {"2^10^10", "too large to compute at character 2"},
    {"10^38*10", "too large to compute at character 6"},
    {"2^126+2^126", "too large to compute at character 6"},
    {"-2^126-2^126-1", "too large to compute at character 13"},
    {"-(-2^126-2^126)", "too large to compute at character 16"},
    {"(-2^126-2^126)/-1", "too large to compute at character 15"},
    {"1e39", "too large to compute at character 1"},
    {"1e99999999999999999999", "too large to compute at character 1"},
    {"999999999999999999999999999999999999999999", "too large to compute at character 1"},
    {"-1", "it is negative; give a whole number from 0 to 2^64-1"},
    {"-5", "it is negative; give a whole number from 0 to 2^64-1"},
    {"3-4", "it is negative; give a whole number from 0 to 2^64-1"},
    {"2^64", "it is too large; give a whole number from 0 to 2^64-1"},
    {"18446744073709551616", "it is too large; give a whole number from 0 to 2^64-1"},
    {"1e20", "it is too large; give a whole number from 0 to 2^64-1"},
};

START_TEST(numbers_are_understood)
{
    uint64_t value = 99;
    char problem[NUMBER_PROBLEM_SIZE] = "";
    bool understood = number_parse(good[_i].text, &value, problem);
    ck_assert_msg(understood, "'%s': %s", good[_i].text, problem);
    ck_assert_msg(value == good[_i].value, "'%s' gave %llu", good[_i].text,
                  (unsigned long long)value);
}
END_TEST

START_TEST(mistakes_are_told)
{
    uint64_t value = 99;
    char problem[NUMBER_PROBLEM_SIZE] = "";
    ck_assert_msg(!number_parse(bad[_i].text, &value, problem), "'%s' gave a number", bad[_i].text);
    ck_assert_str_eq(problem, bad[_i].problem);
    ck_assert_msg(value == 99, "'%s' stored something", bad[_i].text);
}
END_TEST

static const char *const repeated[] = {"0", "(", "-", "2^", "1^", "9", "1+", "é", " "};

/* A line made by a program, or by a cat on the keyboard. */
START_TEST(long_texts_do_no_harm)
{
    enum {
        LENGTH = 100000
    };
    char *text = malloc(LENGTH + 1), problem[NUMBER_PROBLEM_SIZE] = "";
    uint64_t value;
    size_t unit = strlen(repeated[_i]);
    for (size_t i = 0; i < LENGTH; i++)
        text[i] = repeated[_i][i % unit];
    text[LENGTH] = '\0';
    bool understood = number_parse(text, &value, problem);
    ck_assert_msg(understood == (repeated[_i][0] == '0'), "%s", problem);
    ck_assert(understood || (problem[0] != '\0' && strlen(problem) < NUMBER_PROBLEM_SIZE));
    free(text);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, numbers_are_understood, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(all, mistakes_are_told, 0, sizeof bad / sizeof bad[0]);
    tcase_add_loop_test(all, long_texts_do_no_harm, 0, sizeof repeated / sizeof repeated[0]);
    return passes(all, "numbers") ? 0 : 1;
}
