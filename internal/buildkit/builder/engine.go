package builder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/go-connections/tlsconfig"
	dockerclient "github.com/moby/moby/client"
)

// engineTimeout is how long an engine that nobody asked for may take to answer.
const engineTimeout = time.Second

// An endpoint is where a Docker engine listens.
type endpoint struct {
	// context is the name of the docker context it comes from; empty if it was
	// given as a host, "default" for the default one.
	context string
	host    string
	tls     *tlsconfig.Options
}

func (e endpoint) String() string { return hideUser(e.host) }

// findEndpoint finds the engine that name stands for: a docker context, a host
// such as unix:///var/run/docker.sock, or, if empty, what docker's own command
// would take.
func findEndpoint(o Options, name string) (endpoint, error) {
	if name == "" {
		name = currentContext(o)
	}
	if strings.Contains(name, "://") {
		return endpoint{host: name, tls: tlsFromEnvironment(o, name)}, nil
	}
	if name == "default" {
		host := o.Getenv("DOCKER_HOST")
		if host == "" {
			host = dockerclient.DefaultDockerHost
		}
		return endpoint{context: name, host: host, tls: tlsFromEnvironment(o, host)}, nil
	}
	return readContext(o, name)
}

// currentContext follows the order of docker's own command.
func currentContext(o Options) string {
	if o.Getenv("DOCKER_HOST") != "" {
		return "default"
	}
	if name := o.Getenv("DOCKER_CONTEXT"); name != "" {
		return name
	}
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	b, err := os.ReadFile(filepath.Join(dockerConfigDir(o), "config.json"))
	if err == nil && json.Unmarshal(b, &config) == nil && config.CurrentContext != "" {
		return config.CurrentContext
	}
	return "default"
}

// dockerConfigDir returns the folder of docker's configuration. Without a home it
// is one that does not exist.
func dockerConfigDir(o Options) string {
	if dir := o.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join("/", o.Getenv("HOME"), ".docker")
}

func tlsFromEnvironment(o Options, host string) *tlsconfig.Options {
	dir, verify := o.Getenv("DOCKER_CERT_PATH"), o.Getenv("DOCKER_TLS_VERIFY") != ""
	if !strings.HasPrefix(host, "tcp://") || dir == "" && !verify {
		return nil
	}
	if dir == "" {
		dir = dockerConfigDir(o)
	}
	return &tlsconfig.Options{
		CAFile:             filepath.Join(dir, "ca.pem"),
		CertFile:           filepath.Join(dir, "cert.pem"),
		KeyFile:            filepath.Join(dir, "key.pem"),
		InsecureSkipVerify: !verify,
	}
}

// readContext reads a docker context, as `docker context create` stores it.
func readContext(o Options, name string) (endpoint, error) {
	sum := sha256.Sum256([]byte(name))
	id, dir := hex.EncodeToString(sum[:]), filepath.Join(dockerConfigDir(o), "contexts")
	b, err := os.ReadFile(filepath.Join(dir, "meta", id, "meta.json"))
	if err != nil {
		return endpoint{}, fmt.Errorf("reading the docker context %q: %w", name, err)
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := json.Unmarshal(b, &meta); err != nil {
		return endpoint{}, fmt.Errorf("reading the docker context %q: %w", name, err)
	}
	docker, ok := meta.Endpoints["docker"]
	if !ok || docker.Host == "" {
		return endpoint{}, fmt.Errorf("reading the docker context %q: it names no engine", name)
	}
	e := endpoint{context: name, host: docker.Host}
	tlsDir := filepath.Join(dir, "tls", id, "docker")
	file := func(name string) string {
		if _, err := os.Stat(filepath.Join(tlsDir, name)); err != nil {
			return ""
		}
		return filepath.Join(tlsDir, name)
	}
	ca, cert, key := file("ca.pem"), file("cert.pem"), file("key.pem")
	if ca != "" || cert != "" || docker.SkipTLSVerify {
		e.tls = &tlsconfig.Options{CAFile: ca, CertFile: cert, KeyFile: key, InsecureSkipVerify: docker.SkipTLSVerify}
	}
	return e, nil
}

// client makes a client of the engine, without sending anything.
func (e endpoint) client() (*dockerclient.Client, error) {
	if scheme, _, _ := strings.Cut(e.host, "://"); scheme != "unix" && scheme != "tcp" {
		return nil, &Error{
			Problem: fmt.Sprintf("the Docker engine at %s cannot be reached: only unix:// and tcp:// are supported", e),
			Hint:    "forward the engine's socket (ssh -L ./docker.sock:/var/run/docker.sock HOST) and set DOCKER_HOST=unix://$PWD/docker.sock",
		}
	}
	var opts []dockerclient.Opt
	if e.tls != nil {
		config, err := tlsconfig.Client(*e.tls)
		if err != nil {
			return nil, &UsageError{
				Problem: fmt.Sprintf("the certificates for the Docker engine at %s cannot be used", e),
				Hint:    "DOCKER_CERT_PATH, or the docker context, has to hold ca.pem, cert.pem and key.pem",
				Err:     err,
			}
		}
		opts = append(opts, dockerclient.WithHTTPClient(&http.Client{
			Transport:     &http.Transport{TLSClientConfig: config},
			CheckRedirect: dockerclient.CheckRedirect,
		}))
	}
	c, err := dockerclient.New(append(opts, dockerclient.WithHost(e.host))...)
	if err != nil {
		return nil, &UsageError{
			Problem: fmt.Sprintf("%s is no address of a Docker engine", e),
			Hint:    "DOCKER_HOST is unix:///PATH or tcp://HOST:PORT",
		}
	}
	return c, nil
}

// errNoEngine says that nothing listens where the engine would.
var errNoEngine = errors.New("no Docker engine listens there")

// answeringEngine returns a client of an engine that answers within a second.
// Where there is no socket nothing is sent.
func answeringEngine(ctx context.Context, e endpoint) (*dockerclient.Client, error) {
	if path, ok := strings.CutPrefix(e.host, "unix://"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, errNoEngine
		}
	}
	c, err := e.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	if _, err := c.Ping(ctx, dockerclient.PingOptions{NegotiateAPIVersion: true}); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// engineUnreachable is the error for an engine that was asked for.
func engineUnreachable(e endpoint, err error) error {
	var own *Error
	var usage *UsageError
	if errors.As(err, &own) || errors.As(err, &usage) {
		return err
	}
	hint := "start it, or set DOCKER_HOST or DOCKER_CONTEXT to the one that runs"
	if errors.Is(err, fs.ErrPermission) {
		hint = "its socket belongs to another group; run as a member of the group docker"
	}
	return &Error{Problem: fmt.Sprintf("the Docker engine at %s does not answer", e), Hint: hint, Err: err}
}
