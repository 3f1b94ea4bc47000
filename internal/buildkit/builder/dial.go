package builder

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/grpcerrors"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// dialTimeout is how long a connection to another machine may take.
const dialTimeout = 10 * time.Second

// A dialer opens one connection to a daemon.
type dialer func(ctx context.Context) (net.Conn, error)

// newClient dials once, so that an absent daemon is told at once and with its own
// error, and hands that connection to the client as its first one.
func newClient(ctx context.Context, dial dialer, opts ...client.ClientOpt) (*client.Client, error) {
	first, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	return newClientOn(ctx, first, dial, opts...)
}

// newClientOn makes a client that begins with the connection first. Others are
// only made if it breaks.
func newClientOn(ctx context.Context, first net.Conn, dial dialer, opts ...client.ClientOpt) (*client.Client, error) {
	var mu sync.Mutex
	next := func(ctx context.Context, _ string) (net.Conn, error) {
		mu.Lock()
		conn := first
		first = nil
		mu.Unlock()
		if conn != nil {
			return conn, nil
		}
		return dial(ctx)
	}
	// The client keeps the context that it is made with: its end would end the
	// connection under a build that is being cancelled in an orderly way.
	c, err := client.New(context.WithoutCancel(ctx), "", append(opts, client.WithContextDialer(next))...)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func dialSocket(path string) dialer {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
}

// answers asks the daemon one small question. It is for connections that may be
// accepted by something else than the daemon.
func answers(ctx context.Context, c *client.Client) error {
	_, err := c.Info(ctx)
	// Daemons before 0.11 do not know the question; that is an answer too.
	if err != nil && grpcerrors.Code(err) == codes.Unimplemented {
		return nil
	}
	return err
}

func connectUnix(ctx context.Context, o Options, a address) (*Builder, error) {
	c, err := newClient(ctx, dialSocket(a.rest))
	if err != nil {
		hint := "is buildkitd running with this socket?"
		switch {
		case errors.Is(err, fs.ErrPermission):
			hint = "the socket belongs to another user; run as that user, or let buildkitd give the socket to your group (buildkitd --group)"
		case errors.Is(err, fs.ErrNotExist):
			hint = "there is no such socket; start buildkitd, or give the address that it listens on"
		case errors.Is(err, syscall.ECONNREFUSED):
			hint = "the socket is there but nothing listens on it: start buildkitd again"
		}
		return nil, unreachable(a.String(), hint, err)
	}
	return &Builder{Client: c, Name: a.String(), Driver: DriverUnix, opts: o, local: true}, nil
}

func connectTCP(ctx context.Context, o Options, a address) (*Builder, error) {
	c, err := dialTCP(ctx, a, o.TLS)
	if err != nil {
		return nil, err
	}
	return &Builder{Client: c, Name: a.String(), Driver: DriverTCP, opts: o, local: isLoopback(a.rest)}, nil
}

// dialTCP connects to host:port, over TLS if there is anything to do it with.
func dialTCP(ctx context.Context, a address, t TLS) (*client.Client, error) {
	host, _, err := net.SplitHostPort(a.rest)
	if err != nil {
		return nil, fmt.Errorf("taking %s apart: %w", a, err)
	}
	var config *tls.Config
	if !t.empty() {
		if config, err = t.config(host); err != nil {
			return nil, err
		}
	}
	authority := a.rest
	if t.ServerName != "" {
		authority = t.ServerName
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		d := net.Dialer{KeepAlive: 30 * time.Second}
		conn, err := d.DialContext(ctx, "tcp", a.rest)
		if err != nil || config == nil {
			return conn, err
		}
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return secure, nil
	}
	c, err := newClient(ctx, dial, client.WithGRPCDialOption(grpc.WithAuthority(authority)))
	if err == nil {
		// A daemon that wants a certificate refuses only after the handshake, and a
		// port forwarder accepts for a daemon that is gone.
		askCtx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		if err = answers(askCtx, c); err != nil {
			if config != nil {
				err = cmp.Or(refusal(askCtx, dial), err)
			}
			c.Close()
		}
	}
	if err != nil {
		hint := "is buildkitd running there, and does it listen on this port?"
		if config == nil {
			hint += " If it wants TLS, give the CA, the certificate and the key"
		} else {
			hint += " Its certificate has to be signed by the given CA for this host name, and ours by the CA that it was given"
		}
		return nil, unreachable(a.String(), hint, err)
	}
	return c, nil
}

// refusal connects once more to learn why a daemon that completed the handshake
// then ended the connection. It tells in the first thing that it sends, which is
// often lost when we are the first to write.
func refusal(ctx context.Context, dial dialer) error {
	conn, err := dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return nil
	}
	_, err = conn.Read(make([]byte, 1))
	var said *net.OpError
	if errors.As(err, &said) && said.Op == "remote error" {
		return err
	}
	return nil
}

func unreachable(name, hint string, err error) error {
	return &Error{Problem: fmt.Sprintf("builder %s cannot be reached", name), Hint: hint, Err: err}
}

// check finds mistakes that do not need a connection to show.
func (t TLS) check() error {
	if (t.Cert == "") != (t.Key == "") {
		return &UsageError{
			Problem: "a certificate was given without its key, or a key without its certificate",
			Hint:    "give both, or neither",
		}
	}
	return nil
}

func (t TLS) config(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, NextProtos: []string{"h2"}}
	if t.ServerName != "" {
		c.ServerName = t.ServerName
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, &UsageError{Problem: "the CA cannot be read", Hint: "give the path of a PEM file", Err: err}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &UsageError{
				Problem: fmt.Sprintf("%s holds no certificate", t.CA),
				Hint:    "give the CA as a PEM file, with a line -----BEGIN CERTIFICATE-----",
			}
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, &UsageError{
				Problem: "the certificate and its key cannot be used",
				Hint:    "give a certificate and the key that belongs to it, both as PEM files",
				Err:     err,
			}
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
