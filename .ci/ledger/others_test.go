package main

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// What we do ourselves, and what programs did that we have waited for, is not of
// others.
func TestUsage(t *testing.T) {
	before, err := readUsage(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done").Run(); err != nil {
		t.Fatal(err)
	}
	after, err := readUsage(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// The daemon is this very program here, so its time counts twice.
	if used := after.ours - before.ours; used < 0.2 {
		t.Errorf("a child that was busy used %.2f s", used)
	}
	if after.all <= before.all {
		t.Errorf("the machine used %.2f s", after.all-before.all)
	}
	start := time.Now()
	a, b := usage{at: start, all: 10, ours: 4}, usage{at: start.Add(2 * time.Second), all: 13, ours: 6}
	if got := a.others(b); got != 0.5 {
		t.Errorf("others kept %v processors busy, want 0.5", got)
	}
	if got := a.others(usage{at: start.Add(time.Second), all: 11, ours: 6}); got != 0 {
		t.Errorf("others kept %v processors busy where we used all", got)
	}
}
