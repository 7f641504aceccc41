/* The shared words of the work queue (sched/work_queue.h, sched/orphans.h, completion_log.h) for
 * one job of UNITS units on LANES lanes. Every access to one of them is one step of the model. */

#define LANES 3
#define ROOT 0 /* never dies, and is cautious: it takes no suspects while others live */

/* A unit range as one word, like unit_range_pack(): four bits for each end. */
#define PACK(low, high) ((low) * 16 + (high))
#define LOW(word) ((word) >> 4)
#define HIGH(word) ((word) & 15)
#define EMPTY(word) (HIGH(word) <= LOW(word))
#define LENGTH(word) (EMPTY(word) -> 0 : HIGH(word) - LOW(word))
#define SET(word) (EMPTY(word) -> 0 : (1 << HIGH(word)) - (1 << LOW(word))) /* a bit per unit */
#define BIT(set, unit) (((set) >> (unit)) & 1)
#define COUNT(set) (BIT(set, 0) + BIT(set, 1) + BIT(set, 2) + BIT(set, 3) + BIT(set, 4) + \
                    BIT(set, 5) + BIT(set, 6) + BIT(set, 7))

#define LANE_SEEKS PACK(15, 0)
#define LANE_EMPTY PACK(15, 15)
#define LANE_AWAY 255

/* struct lane */
byte range[LANES], chunk[LANES], done[LANES], parked[LANES];
bit prepared[LANES]; /* `job` is the number of this job: lane_prepared() */
bit lost[LANES];

/* struct completion_log, without compaction */
byte extent[LANES];          /* number of entries */
#define ENTRIES (UNITS + 1) /* more than a lane can have */
byte entries[LANES * ENTRIES]; /* at first those of an earlier job */
#define ENTRY(lane, i) entries[(lane) * ENTRIES + (i)]

/* struct orphaned_work and struct dead_worker */
byte coordinator; /* epoch * 4 + lane + 1 */
#define WORD(epoch, holder) ((epoch) * 4 + (holder))
#define EPOCH(word) ((word) >> 2)
#define HOLDER(word) ((word) & 3)
byte queue[QUEUE], first, suspects, length;
bit more;
byte dead_chunk[LANES], state[LANES];
#define NONE 0
#define SETTLED 1
#define GIVEN_UP 2

/* rpi_work_queue_deaths(), without batches */
#define DIED_IN(lane, unit) (state[lane] != NONE && BIT(SET(dead_chunk[lane]), unit))
#define SUSPECT(unit) (DIED_IN(1, unit) || DIED_IN(2, unit))

/* Not words of the library: what the kernel knows, and what the test does. */
bit dead[LANES];
byte deaths;
byte arrived; /* a bit for each lane that waits in the agreement that ends a round */
bool over;

/* Faults of the library that the test seeds, to show that the model finds them. */
#define STEAL_BY_STORE 1  /* a thief stores the victim's range without comparing it */
#define KEY_LAST 2        /* a lane reads the sequence to wait for after it has looked for work */
#define NO_NOTIFICATION 3 /* the lane that publishes the last units does not wake the others */
#define EXTENT_FIRST 4    /* the log counts an entry before it is written */
#define LOG_FIRST 5       /* recovery reads the log of a lane before the lane's chunk */
#define SEEKERS_IGNORED 6 /* recovery does not wait for lanes that look for work */
#define NO_RECHECK 7      /* a lane takes units without asking for a coordinator */
#define DEAD_TRUSTED 8    /* recovery believes the words of a lane that died before it prepared */
