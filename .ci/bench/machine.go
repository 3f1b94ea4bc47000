package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// describe prints what the figures depend on.
func describe(ctx context.Context, w io.Writer, bin string) error {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "machine: %d cores, %s, %s/%s, kernel %s, load %s\n", runtime.NumCPU(), cpuModel(),
		runtime.GOOS, runtime.GOARCH, strings.TrimSpace(string(kernel)), strings.Join(strings.Fields(string(load))[:3], " "))
	for _, args := range [][]string{{"layercause", "version"}, {"buildx", "version"}, {"buildkitd", "--version"}} {
		out, err := exec.CommandContext(ctx, filepath.Join(bin, args[0]), args[1:]...).Output()
		if err != nil {
			return fmt.Errorf("asking bin/%s for its version: %w (run make build buildkitd buildx)", args[0], err)
		}
		fmt.Fprintf(w, "version: %s\n", strings.TrimSpace(string(out)))
	}
	return nil
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}
