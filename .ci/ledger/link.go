package main

import (
	"net"
	"sync"
	"time"
)

// chunk is how many bytes of one connection cross the link at a time. In flight
// are at most window chunks of each connection.
const (
	chunk  = 16 << 10
	window = 16
)

// link carries connections to an address as a slow line does: all of them share
// one bandwidth in each direction, and every byte arrives late.
type link struct {
	to      string
	latency time.Duration // one way

	mu   sync.Mutex
	rate float64      // bytes a second; 0 is without a limit
	free [2]time.Time // when each direction has room
}

// setRate changes the bandwidth, in bytes a second, for what is still to come.
func (l *link) setRate(rate float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate = rate
}

// serve carries what the listener accepts until that is closed.
func (l *link) serve(from net.Listener) {
	for {
		near, err := from.Accept()
		if err != nil {
			return
		}
		go func() {
			defer near.Close()
			far, err := net.Dial("tcp", l.to)
			if err != nil {
				return
			}
			defer far.Close()
			var both sync.WaitGroup
			both.Go(func() { l.carry(far, near, 0) })
			both.Go(func() { l.carry(near, far, 1) })
			both.Wait()
		}()
	}
}

// parcel is data and when it arrives.
type parcel struct {
	data []byte
	due  time.Time
}

// carry moves one direction of a connection.
func (l *link) carry(to, from net.Conn, direction int) {
	parcels := make(chan parcel, window)
	go func() {
		defer close(parcels)
		for {
			data := make([]byte, chunk)
			n, err := from.Read(data)
			if n > 0 {
				parcels <- parcel{data[:n], l.take(direction, n)}
			}
			if err != nil {
				return
			}
		}
	}()
	var failed error
	for p := range parcels {
		if failed == nil {
			time.Sleep(time.Until(p.due))
			_, failed = to.Write(p.data)
		}
		if failed != nil {
			from.Close() // so that the reader ends
		}
	}
	if c, ok := to.(interface{ CloseWrite() error }); ok && failed == nil {
		c.CloseWrite()
	}
}

// take gives the bytes their turn on the line, and says when they arrive.
func (l *link) take(direction, bytes int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := time.Now()
	if l.free[direction].After(at) {
		at = l.free[direction]
	}
	if l.rate > 0 {
		at = at.Add(time.Duration(float64(bytes) / l.rate * float64(time.Second)))
	}
	l.free[direction] = at
	return at.Add(l.latency)
}
