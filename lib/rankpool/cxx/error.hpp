/**
 * @file rankpool/cxx/error.hpp
 * @brief Exceptions: what a collective call throws, and what a task may throw.
 */
#ifndef RANKPOOL_CXX_ERROR_HPP
#define RANKPOOL_CXX_ERROR_HPP

#include <rankpool/status.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace rankpool
{

/** A collective call failed. Every rank throws it, with the same content. */
class error : public std::runtime_error
{
  public:
    explicit error(const rp_error &record) : std::runtime_error(line(record)), record_(record)
    {
    }

    rp_status status() const noexcept
    {
        return record_.status;
    }
    /** The item that failed, or -1. */
    std::int64_t item() const noexcept
    {
        return record_.item;
    }
    /** The rank where it failed, or -1. */
    int rank() const noexcept
    {
        return record_.rank;
    }
    /** The host of that rank. */
    const char *host() const noexcept
    {
        return record_.host;
    }
    /** The program's own code: that of a failure, 1 for other exceptions; or 0. */
    int code() const noexcept
    {
        return record_.task_code;
    }
    /** The message alone; what() has the item, rank and host, too. */
    const char *text() const noexcept
    {
        return record_.text;
    }
    const rp_error &record() const noexcept
    {
        return record_;
    }

  private:
    /* As rp_report() prints it. */
    static std::string line(const rp_error &record)
    {
        std::string text = record.text[0] != '\0' ? record.text : rp_strerror(record.status);
        if (record.item < 0)
            return text;
        const std::string item = "item " + std::to_string(record.item);
        const bool named = text.find(item) != std::string::npos;
        return text + " (" + (named ? "" : item + ", ") + "rank " + std::to_string(record.rank) +
               " on " + record.host + ")";
    }

    rp_error record_;
};

/** A task, producer, consumer or combination throws it to fail with a code of the program's own. */
class failure : public std::runtime_error
{
  public:
    /** @param[in] code  0 is taken as 1 */
    failure(int code, const std::string &text)
        : std::runtime_error(text), code_(code == 0 ? 1 : code)
    {
    }

    int code() const noexcept
    {
        return code_;
    }

  private:
    int code_;
};

namespace detail
{

/* What a call of the program's function threw on this rank, where C has no place for its text. */
struct thrown {
    int code = 0; /* 0: nothing */
    char text[sizeof rp_error().text] = "";

    /* In a catch block: the current exception. Returns its code. */
    int take() noexcept
    {
        try {
            throw;
        } catch (const failure &exception) {
            return set(exception.code(), exception.what());
        } catch (const std::exception &exception) {
            return set(1, exception.what());
        } catch (...) {
            return set(1, "the program threw an exception that is no std::exception");
        }
    }

  private:
    int set(int value, const char *what) noexcept
    {
        std::snprintf(text, sizeof text, "%s", what);
        return code = value;
    }
};

} // namespace detail
} // namespace rankpool

#endif
