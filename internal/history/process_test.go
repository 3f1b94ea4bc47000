package history

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

// The test binary is also the other process: with this variable it does what
// the variable says and ends.
const processVar = "LAYERCAUSE_HISTORY_PROCESS"

func TestMain(m *testing.M) {
	if job := os.Getenv(processVar); job != "" {
		if err := process(strings.Fields(job)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// process runs one job: its name, the folder, and a number.
func process(job []string) error {
	s, err := Open(job[1])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(job[2])
	if err != nil {
		return err
	}
	salt, err := s.Salt()
	if err != nil {
		return err
	}
	ctx := context.Background()
	switch job[0] {
	case "full-disk":
		// No file of this process may grow past n bytes, as if the disk were full.
		limit := syscall.Rlimit{Cur: uint64(n), Max: uint64(n)}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		_, err := s.Put(ctx, newBuild(salt, 1, strings.Repeat("abc ", 10_000)))
		return err
	case "builds":
		for i := range 40 {
			head := newBuild(salt, n*1000+i, fmt.Sprint("a b ", i))
			choice, err := s.Nearest(ctx, head)
			if err != nil || len(choice.Warnings) > 0 {
				return fmt.Errorf("nearest: %v %q", err, choice.Warnings)
			}
			if w, err := s.Put(ctx, head); err != nil || len(w) > 0 {
				return fmt.Errorf("put: %v %q", err, w)
			}
		}
		fmt.Println(hex.EncodeToString(salt[:]))
	}
	return nil
}

func command(t *testing.T, job string, s *Store, n int) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", processVar, job, s.Dir(), n))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

func TestProcessesAtOnce(t *testing.T) {
	s := open(t)
	var cmds []*exec.Cmd
	var outs []*strings.Builder
	for n := range 4 {
		cmd, out := command(t, "builds", s, n+1)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds, outs = append(cmds, cmd), append(outs, out)
	}
	salt, err := s.Salt()
	if err != nil {
		t.Error(err)
	}
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v\n%s", i, err, outs[i])
		}
		if got := strings.TrimSpace(outs[i].String()); got != hex.EncodeToString(salt[:]) {
			t.Errorf("process %d had another salt: %s", i, got)
		}
	}
	found, warnings, err := s.Candidates(t.Context(), KeyOf(build(s, t, 0, "")))
	if err != nil || len(warnings) > 0 {
		t.Errorf("error %v, warnings %q", err, warnings)
	}
	if len(found) != Keep || len(files(t, s)) != Keep {
		t.Errorf("%d records, %d files, want %d", len(found), len(files(t, s)), Keep)
	}
}

func TestFullDiskLeavesNoHalfFile(t *testing.T) {
	s := open(t)
	if _, err := s.Salt(); err != nil {
		t.Fatal(err)
	}
	cmd, out := command(t, "full-disk", s, 100)
	if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "keeping record: ") {
		t.Errorf("error %v, output %q", err, out)
	}
	if left := files(t, s); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	// Nobody, not even root, makes a folder here.
	if s, err := Open("/proc/self/layercause"); err == nil {
		t.Errorf("opened %s", s.Dir())
	}
	s := open(t)
	r := build(s, t, 1, "a")
	if err := os.WriteFile(s.Dir()+"/"+recordsDir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), r); err == nil {
		t.Error("a record was put where a file stands in the way")
	}
	if _, _, err := s.Candidates(t.Context(), KeyOf(r)); err == nil {
		t.Error("candidates came from where a file stands in the way")
	}
	if _, err := s.Nearest(t.Context(), r); err == nil {
		t.Error("a record was chosen from where a file stands in the way")
	}
	if _, err := s.Put(t.Context(), &record.Record{ID: "../x"}); err == nil {
		t.Error("a record was put under a path")
	}
}
