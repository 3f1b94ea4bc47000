package builder

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// maxSlots bounds how many children can run at once on one state folder.
const maxSlots = 64

// A slot is the state of one child, held by nobody else.
//
// Two builds at once cannot share a daemon that ends with the first of them, and
// letting the second wait would make it as slow as the first. So each takes the
// lowest free slot of 0, 1, 2, … Slots are kept: as many builds as often run at
// once find as many warm caches.
type slot struct {
	number int
	dir    string
	// lock is given to the child too. The lock thus ends when both processes are
	// gone, so a child that outlives its parent for a moment is not disturbed.
	lock *os.File
	// sockets is a private folder outside of dir, whose path may be too long for
	// the address of a socket.
	sockets string
}

func takeSlot(stateDir, tmp string) (*slot, error) {
	for n := range maxSlots {
		dir := filepath.Join(stateDir, strconv.Itoa(n))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("making the state folder: %w", err)
		}
		lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, fmt.Errorf("opening the lock of the state folder: %w", err)
		}
		err = takeLock(lock)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			lock.Close()
			continue
		}
		if err != nil {
			lock.Close()
			return nil, fmt.Errorf("locking %s: %w", dir, err)
		}
		s := &slot{number: n, dir: dir, lock: lock}
		if s.sockets, err = makeSocketDir(dir, tmp); err != nil {
			lock.Close()
			return nil, err
		}
		return s, nil
	}
	return nil, fmt.Errorf("all %d state folders in %s are in use", maxSlots, stateDir)
}

// takeLock locks a file unless another build has it. If that build was killed its
// daemon is about to end, and worth waiting for: its cache is ours.
func takeLock(f *os.File) error {
	for deadline := time.Now().Add(stopTimeout); ; time.Sleep(readyPoll) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			if err := f.Truncate(0); err != nil {
				return err
			}
			_, err = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
			return err
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || !holderIsGone(f) || time.Now().After(deadline) {
			return err
		}
	}
}

// holderIsGone reports whether the process that wrote its number into the file
// has ended.
func holderIsGone(f *os.File) bool {
	var buf [20]byte
	n, _ := f.ReadAt(buf[:], 0)
	pid, err := strconv.Atoi(string(buf[:n]))
	return err == nil && pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// makeSocketDir makes a folder that only we can look into, with a path short
// enough for a socket in it. Its name follows from the slot's, so that the next
// holder of the slot removes what a killed process has left.
func makeSocketDir(slotDir, tmp string) (string, error) {
	h := fnv.New64a()
	h.Write([]byte(slotDir))
	name := fmt.Sprintf("layercause-%d-%x", os.Getuid(), h.Sum64())
	if len(filepath.Join(tmp, name, "buildkitd.sock")) > maxSocketPath-16 {
		tmp = "/tmp"
	}
	dir := filepath.Join(tmp, name)
	if err := os.RemoveAll(dir); err == nil {
		if err := os.Mkdir(dir, 0o700); err == nil {
			return dir, nil
		}
	}
	// Somebody else took the name; in a shared folder for temporary files anyone can.
	dir, err := os.MkdirTemp(tmp, "layercause-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the socket: %w", err)
	}
	return dir, nil
}

func (s *slot) release() error {
	return errors.Join(os.RemoveAll(s.sockets), s.lock.Close())
}
