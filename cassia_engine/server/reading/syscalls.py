"""Numbers of the system calls that a reader may not make.

Source: Linux 6.1, asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64).
"""

from __future__ import annotations

from dataclasses import dataclass

# Which architecture a call is of, as the kernel tells a filter (linux/audit.h), by the machine's name.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# The last one that was looked at; later ones have the same numbers everywhere.
LAST = 450

# Per line: name, number on x86_64, number on aarch64 ("-" where there is none).
NEVER = """
socket 41 198
socketpair 53 199
connect 42 203
accept 43 202
accept4 288 242
bind 49 200
listen 50 201
sendto 44 206
sendmsg 46 211
sendmmsg 307 269
execve 59 221
execveat 322 281
fork 57 -
vfork 58 -
ptrace 101 117
process_vm_readv 310 270
process_vm_writev 311 271
process_madvise 440 440
pidfd_open 434 434
pidfd_getfd 438 438
pidfd_send_signal 424 424
kill 62 129
tkill 200 130
tgkill 234 131
rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240
creat 85 -
unlink 87 -
unlinkat 263 35
rename 82 -
renameat 264 38
renameat2 316 276
rmdir 84 -
mkdir 83 -
mkdirat 258 34
mknod 133 -
mknodat 259 33
link 86 -
linkat 265 37
symlink 88 -
symlinkat 266 36
chmod 90 -
fchmod 91 52
fchmodat 268 53
chown 92 -
lchown 94 -
fchown 93 55
fchownat 260 54
truncate 76 45
ftruncate 77 46
fallocate 285 47
setxattr 188 5
lsetxattr 189 6
fsetxattr 190 7
removexattr 197 14
lremovexattr 198 15
fremovexattr 199 16
utime 132 -
utimes 235 -
futimesat 261 -
utimensat 280 88
mount 165 40
umount2 166 39
pivot_root 155 41
chroot 161 51
move_mount 429 429
open_tree 428 428
fsopen 430 430
fsconfig 431 431
fsmount 432 432
fspick 433 433
mount_setattr 442 442
unshare 272 97
setns 308 268
bpf 321 280
perf_event_open 298 241
userfaultfd 323 282
io_uring_setup 425 425
io_uring_enter 426 426
io_uring_register 427 427
keyctl 250 219
add_key 248 217
request_key 249 218
name_to_handle_at 303 264
open_by_handle_at 304 265
shmget 29 194
shmat 30 196
msgget 68 186
semget 64 190
mq_open 240 180
inotify_init 253 -
inotify_init1 294 26
fanotify_init 300 262
init_module 175 105
finit_module 313 273
delete_module 176 106
kexec_load 246 104
reboot 169 142
swapon 167 224
acct 163 89
quotactl 179 60
settimeofday 164 170
clock_settime 227 112
ioperm 173 -
iopl 172 -
setpriority 141 140
sched_setaffinity 203 122
sched_setscheduler 144 119
sched_setparam 142 118
"""
OPENING = """
open 2 -
openat 257 56
"""
# Those in whose place the C library takes an older one, if the system says that it has none.
UNKNOWN = """
clone3 435 435
openat2 437 437
"""
CLONE = "clone 56 220"
PRLIMIT = "prlimit64 302 261"


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one machine.

    Attributes:
        architecture: as the kernel tells a filter.
        never: those that are refused.
        unknown: those that the system is said not to have.
        opening: those that open files, and which of their arguments has the flags.
        clone: the one that starts processes and threads.
        prlimit: the one that reads and sets limits of a process.
    """

    architecture: int
    never: tuple[int, ...]
    unknown: tuple[int, ...]
    opening: dict[int, int]
    clone: int
    prlimit: int


def calls_of(machine: str) -> Calls | None:
    """The calls of a machine, as `os.uname` names it; None for one that is not known."""
    if machine not in ARCHITECTURES:
        return None
    column = 1 + list(ARCHITECTURES).index(machine)

    def numbers(table: str) -> dict[str, int]:
        rows = [line.split() for line in table.strip().splitlines()]
        return {row[0]: int(row[column]) for row in rows if row[column] != "-"}

    opening = {number: {"open": 1, "openat": 2}[name] for name, number in numbers(OPENING).items()}
    never, unknown = (tuple(numbers(table).values()) for table in (NEVER, UNKNOWN))
    clone, prlimit = numbers(CLONE)["clone"], numbers(PRLIMIT)["prlimit64"]
    return Calls(ARCHITECTURES[machine], never, unknown, opening, clone, prlimit)
