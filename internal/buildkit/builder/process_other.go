//go:build !linux

package builder

import "syscall"

// endsWithUs does nothing where the kernel cannot: buildkitd runs on Linux alone,
// so that there is no child to end.
func endsWithUs(*syscall.SysProcAttr, syscall.Signal) {}
