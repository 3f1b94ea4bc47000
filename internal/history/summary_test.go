package history

import (
	"os"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

func TestSummariesAreOnlyAShortcut(t *testing.T) {
	s := open(t)
	older, newer := build(s, t, 0, "a b"), build(s, t, 1, "a b c")
	put(t, s, older, newer)
	head := build(s, t, 2, "a b c")
	chosen := func() string {
		t.Helper()
		c, err := s.Nearest(t.Context(), head)
		if err != nil || c.Record == nil {
			t.Fatalf("nothing was chosen: %v", err)
		}
		return c.Record.ID
	}
	path := s.summariesPath(KeyOf(head).folder())
	if chosen() != newer.ID {
		t.Fatal("without summaries the wrong record was chosen")
	}
	if known, _ := s.readSummaries(KeyOf(head).folder()); len(known) != 2 {
		t.Fatal("no summaries were kept")
	}
	for name, change := range map[string]func() error{
		"kept":      func() error { return nil },
		"damaged":   func() error { return os.Truncate(path, 20) },
		"no JSON":   func() error { return os.WriteFile(path, []byte("{]"), 0o600) },
		"not there": func() error { return os.Remove(path) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if got := chosen(); got != newer.ID {
			t.Errorf("%s: chose %s, want %s", name, got, newer.ID)
		}
	}
	// A record that was cut off is found out though its summary is there.
	for _, f := range files(t, s) {
		r, err := readFile(f, record.Read)
		if err != nil {
			t.Fatal(err)
		}
		if r.ID != newer.ID {
			continue
		}
		if err := os.Truncate(f, 30); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Nearest(t.Context(), head)
	if err != nil || c.Record == nil || c.Record.ID != older.ID || len(c.Warnings) != 1 {
		t.Errorf("with the best one cut off: %+v, %v", c, err)
	}
}

// A summary that says something else than its record does no more than to have
// the wrong record looked at.
func TestSummaryThatLies(t *testing.T) {
	s := open(t)
	put(t, s, build(s, t, 0, "a"), build(s, t, 1, "b"))
	head := build(s, t, 2, "a")
	if _, err := s.Nearest(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	folder := KeyOf(head).folder()
	var list []summary
	known, _ := s.readSummaries(folder)
	for _, x := range known {
		x.Record.ID = "another"
		list = append(list, x)
	}
	s.writeSummaries(folder, list)
	c, err := s.Nearest(t.Context(), head)
	if err != nil || c.Record == nil {
		t.Fatalf("%+v, %v", c, err)
	}
	if c.Record.ID == "another" {
		t.Error("the summary was believed")
	}
}
