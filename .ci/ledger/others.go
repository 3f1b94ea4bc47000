package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is processor time used so far, in seconds: by the whole machine, and by us,
// the daemon and all that both have run.
type usage struct {
	at        time.Time
	all, ours float64
}

// tick is the unit of times in /proc: the kernel shows them in hundredths of a
// second on every machine.
const tick = 0.01

func readUsage(daemon int) (usage, error) {
	u := usage{at: time.Now()}
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return u, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	// user nice system idle iowait irq softirq steal; guests are in user already.
	for i, n := range numbers(strings.Fields(line)[1:]) {
		if i != 3 && i != 4 && i < 8 {
			u.all += n * tick
		}
	}
	if stat, err = os.ReadFile(fmt.Sprintf("/proc/%d/stat", daemon)); err != nil {
		return u, err
	}
	// The name, in brackets, may have spaces; 11 fields follow it before utime,
	// stime, cutime and cstime.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	for _, n := range numbers(fields[11:15]) {
		u.ours += n * tick
	}
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err != nil {
			return u, err
		}
		u.ours += time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
	}
	return u, nil
}

func numbers(fields []string) []float64 {
	out := make([]float64, len(fields))
	for i, f := range fields {
		out[i], _ = strconv.ParseFloat(f, 64) // the kernel writes nothing else
	}
	return out
}

// others is how many processors somebody else kept busy until later.
func (u usage) others(later usage) float64 {
	return max(0, (later.all-u.all)-(later.ours-u.ours)) / later.at.Sub(u.at).Seconds()
}
