package main

import (
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// latency is how late a byte arrives from or at the registry.
const latency = 10 * time.Millisecond

// bigBase is how many bytes a command of the image "big" has, which nobody runs.
const bigBase = 20_000_000

// host is what all cases share: a registry at the end of a slow line, and daemons.
type host struct {
	*buildkittest.Run
	registry string // host:port of the line's near end
	store    *store
	line     *link
	images   content                         // the base images
	daemons  map[string]*buildkittest.Daemon // by flag
}

// commands are programs of the base images. cpu keeps one core busy until it has had
// a tenth of a second of processor time a unit, so that it takes longer where it has
// less of the machine, but not where the machine is slower today than yesterday, as
// virtual ones are; fill writes megabytes that cannot be compressed.
var commands = map[string][]byte{
	"cpu": []byte(`#!/bin/sh
used=0
while [ $used -lt $(($1 * 10)) ]; do
	i=0
	while [ $i -lt 1000 ]; do i=$((i + 1)); done
	read -r stat </proc/$$/stat
	set -- $1 $stat # utime and stime are the 14th and 15th
	used=$((${15} + ${16}))
done
`),
	"fill": []byte("#!/bin/sh\nmkdir -p \"$(dirname \"$2\")\"\ndd if=/dev/urandom of=\"$2\" bs=1M count=\"$1\" 2>/dev/null\n"),
}

func newHost(r *buildkittest.Run) (*host, error) {
	h := &host{Run: r, store: newStore(), daemons: map[string]*buildkittest.Daemon{}}
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	near, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: h.store}
	go server.Serve(far)
	h.line = &link{to: far.Addr().String(), latency: latency}
	go h.line.serve(near)
	h.registry = near.Addr().String()
	r.Cleanup(func() { near.Close(); server.Close() })
	h.push("base", "")
	h.push("big", "")
	h.images = h.store.snapshot()
	return h, nil
}

// push puts a base image into the registry, "base" or "big". Equal markers make
// equal images.
func (h *host) push(image, marker string) {
	i := buildkittest.Image{Commands: commands, Marker: marker}
	if image == "big" {
		ballast := make([]byte, bigBase)
		rand.NewChaCha8([32]byte{}).Read(ballast)
		i.Commands = maps.Clone(commands)
		i.Commands["ballast"] = ballast
	}
	buildkittest.PushImage(h, h.registry+"/"+image, i)
}

// daemon starts a daemon with a flag once, for all cases that want it.
func (h *host) daemon(flag string) *buildkittest.Daemon {
	if h.daemons[flag] == nil {
		o := buildkittest.Options{PlainHTTP: []string{h.registry}}
		if flag != "" {
			o.Flags = []string{flag}
		}
		h.daemons[flag] = buildkittest.Start(h, o)
	}
	return h.daemons[flag]
}
