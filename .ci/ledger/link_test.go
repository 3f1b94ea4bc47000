package main

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// sink takes connections: it counts what comes and answers with as much as it is
// told to.
func sink(t *testing.T, answer int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(io.Discard, c)
				c.Write(make([]byte, answer))
			}()
		}
	}()
	return l.Addr().String()
}

func startLink(t *testing.T, l *link) string {
	t.Helper()
	near, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	go l.serve(near)
	return near.Addr().String()
}

// exchange sends so many bytes and reads the answer to its end.
func exchange(address string, bytes int) (answered int64, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, bytes)); err != nil {
		return 0, err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return 0, err
	}
	return io.Copy(io.Discard, c)
}

// All connections share the bandwidth, and each direction has its own.
func TestLinkBandwidth(t *testing.T) {
	const rate, each = 20e6, 4_000_000
	for name, sizes := range map[string][2]int{"up": {each, 0}, "down": {0, each}} {
		t.Run(name, func(t *testing.T) {
			l := &link{to: sink(t, sizes[1])}
			l.setRate(rate)
			address := startLink(t, l)
			start := time.Now()
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					got, err := exchange(address, sizes[0])
					if err != nil || got != int64(sizes[1]) {
						t.Errorf("%d bytes came back, want %d (%v)", got, sizes[1], err)
					}
				})
			}
			all.Wait()
			took, want := time.Since(start).Seconds(), 3*each/rate
			if took < 0.8*want || took > 1.2*want {
				t.Errorf("%d bytes took %.2f s, want about %.2f", 3*each, took, want)
			}
		})
	}
}

func TestLinkLatency(t *testing.T) {
	l := &link{to: sink(t, 1), latency: 50 * time.Millisecond}
	address := startLink(t, l)
	start := time.Now()
	if _, err := exchange(address, 1); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 2*l.latency || took > 4*l.latency {
		t.Errorf("there and back took %s, want %s", took, 2*l.latency)
	}
}

// An end that goes away ends the other one.
func TestLinkEnds(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	address := startLink(t, &link{to: gone.Addr().String()})
	if got, _ := exchange(address, 1<<20); got != 0 {
		t.Errorf("%d bytes came from nobody", got)
	}
}
