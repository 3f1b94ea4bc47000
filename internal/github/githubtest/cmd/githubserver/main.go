// Command githubserver runs githubtest's GitHub as a process of its own, for
// tests that start the real program in a container beside it.
//
//	githubserver -addr 127.0.0.1:8080 -pull acme/shop#7@SHA -state state.json
//
// It prints its address once it listens, writes its state (comments, requests,
// violations of GitHub's description) to the state file after every request,
// and ends with exit code 1 when it is stopped and saw a violation.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/layercause/layercause/internal/github/githubtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "githubserver:", err)
		os.Exit(1)
	}
}

type options struct {
	addr     string
	prefix   string
	state    string
	token    string
	readOnly bool
	pulls    []pull
}

type pull struct {
	repository string
	number     int
	head       string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("githubserver", flag.ContinueOnError)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:0", "`HOST:PORT` to listen on")
	flags.StringVar(&o.prefix, "prefix", "", "`path` before the API's own, as /api/v3")
	flags.StringVar(&o.state, "state", "", "`file` to write the state to as JSON")
	flags.StringVar(&o.token, "token", "", "the only `token` to take; empty takes any for a workflow's")
	flags.BoolVar(&o.readOnly, "read-only", false, "give the token no permission to write, as on a fork")
	flags.Func("pull", "an open pull request, as `OWNER/NAME#NUMBER@COMMIT`; may be repeated", func(text string) error {
		p, err := parsePull(text)
		o.pulls = append(o.pulls, p)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.readOnly && o.token == "" {
		return o, fmt.Errorf("-read-only needs -token")
	}
	return o, nil
}

func parsePull(text string) (pull, error) {
	rest, head, ok := strings.Cut(text, "@")
	repository, number, ok2 := strings.Cut(rest, "#")
	n, err := strconv.Atoi(number)
	if !ok || !ok2 || err != nil || strings.Count(repository, "/") != 1 {
		return pull{}, fmt.Errorf("%q is not of the form OWNER/NAME#NUMBER@COMMIT", text)
	}
	return pull{repository: repository, number: n, head: head}, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	writer := stateFile{path: o.state}
	server := githubtest.Options{Prefix: o.prefix, AnyToken: o.token == "", Changed: writer.changed}
	if o.token != "" {
		who := githubtest.Workflow()
		who.ReadOnly = o.readOnly
		server.Tokens = map[string]githubtest.Identity{o.token: who}
	}
	gh, err := githubtest.New(server)
	if err != nil {
		return err
	}
	for _, p := range o.pulls {
		gh.AddPull(p.repository, p.number, p.head)
	}
	writer.changed(gh.State())
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "http://%s%s\n", listener.Addr(), o.prefix)
	return serve(ctx, listener, gh, &writer)
}

func serve(ctx context.Context, listener net.Listener, gh *githubtest.Server, writer *stateFile) error {
	server := &http.Server{Handler: gh, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(shutdown); err != nil {
		return err
	}
	if err := writer.failure(); err != nil {
		return err
	}
	if v := gh.Violations(); len(v) > 0 {
		return fmt.Errorf("%d violations of GitHub's description:\n%s", len(v), strings.Join(v, "\n"))
	}
	return nil
}

func encode(s githubtest.State) ([]byte, error) { return json.MarshalIndent(s, "", "  ") }
