package builder

import "syscall"

// endsWithUs has the kernel send a signal to a child when we die.
func endsWithUs(a *syscall.SysProcAttr, signal syscall.Signal) { a.Pdeathsig = signal }
