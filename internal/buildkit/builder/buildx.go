package builder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// buildxContainerPrefix begins the names of the containers that buildx makes; a
// node's name follows.
const buildxContainerPrefix = "buildx_buildkit_"

// A buildxBuilder is a builder as buildx keeps it in its store.
type buildxBuilder struct {
	Name   string
	Driver string
	Nodes  []buildxNode
}

type buildxNode struct {
	Name string
	// Endpoint is a docker context, an engine's host, or, of the remote driver,
	// BuildKit's address.
	Endpoint   string
	DriverOpts map[string]string
}

// buildxDir returns the folder of buildx's store.
func buildxDir(o Options) string {
	if dir := o.Getenv("BUILDX_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(dockerConfigDir(o), "buildx")
}

// readBuildx reads a builder from buildx's store. Its error matches
// [fs.ErrNotExist] if there is none of that name.
func readBuildx(o Options, name string) (buildxBuilder, error) {
	var b buildxBuilder
	data, err := os.ReadFile(filepath.Join(buildxDir(o), "instances", strings.ToLower(name)))
	if err != nil {
		return b, fmt.Errorf("reading the builder %s from buildx's store: %w", name, err)
	}
	if err := json.Unmarshal(data, &b); err != nil {
		return b, fmt.Errorf("reading the builder %s from buildx's store: %w", name, err)
	}
	if len(b.Nodes) == 0 {
		return b, fmt.Errorf("reading the builder %s from buildx's store: it has no nodes", name)
	}
	return b, nil
}

// currentBuildx returns the name of the builder that `buildx use` selected for
// the current engine, or nothing.
func currentBuildx(o Options) string {
	dir := buildxDir(o)
	// The key is the docker context, or the host of the default one.
	key := currentContext(o)
	if key == "default" {
		e, err := findEndpoint(o, key)
		if err != nil {
			return ""
		}
		key = e.host
	}
	var current struct {
		Key, Name string
		Global    bool
	}
	data, err := os.ReadFile(filepath.Join(dir, "current"))
	if err == nil && json.Unmarshal(data, &current) == nil &&
		current.Name != "" && (current.Global || current.Key == key) {
		return validBuildxName(current.Name)
	}
	sum := sha256.Sum256([]byte(key))
	data, err = os.ReadFile(filepath.Join(dir, "defaults", hex.EncodeToString(sum[:])[:20]))
	if err != nil {
		return ""
	}
	return validBuildxName(strings.TrimSpace(string(data)))
}

func validBuildxName(name string) string {
	if !regexp.MustCompile(builderNamePattern).MatchString(name) {
		return ""
	}
	return name
}

// connectNamed connects to a builder by name: one of buildx's, a docker context,
// or the container that buildx would have made for it, where buildx's store cannot
// be seen, as inside a container action.
func connectNamed(ctx context.Context, o Options, name string) (*Builder, error) {
	b, err := readBuildx(o, name)
	if err == nil {
		return connectBuildx(ctx, o, b)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, unreachable(name, "remove it with docker buildx rm, and create it again", err)
	}
	if err := refuseTLS(o, name); err != nil {
		return nil, err
	}
	e, err := findEndpoint(o, name)
	if err == nil {
		return connectDockerd(ctx, o, e, name)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, unreachable(name, "docker context inspect "+name+" may tell more", err)
	}
	guess := buildxContainerPrefix + name + "0"
	e, err = findEndpoint(o, "")
	if err == nil {
		engine, engineErr := answeringEngine(ctx, e)
		if engineErr == nil {
			return inContainer(ctx, o, e, engine, guess, name)
		}
		err = engineUnreachable(e, engineErr)
	}
	hint := fmt.Sprintf("buildx's store %s has no builder of this name", buildxDir(o))
	if known := buildxNames(o); len(known) > 0 {
		hint += "; it has " + strings.Join(known, ", ")
	}
	return nil, unreachable(name, hint, fmt.Errorf("looking for the container %s: %w", guess, err))
}

// connectBuildx connects to a builder of buildx's store by its driver.
func connectBuildx(ctx context.Context, o Options, b buildxBuilder) (*Builder, error) {
	node := b.Nodes[0]
	if len(b.Nodes) > 1 {
		o.notice("the builder %s has %d nodes; the build runs on %s alone", b.Name, len(b.Nodes), node.Name)
	}
	if err := refuseTLS(o, b.Name); err != nil {
		return nil, err
	}
	switch b.Driver {
	case DriverContainer, DriverDocker, "":
		e, err := findEndpoint(o, node.Endpoint)
		if err != nil {
			return nil, unreachable(b.Name, "docker context ls lists the contexts there are", err)
		}
		if b.Driver != DriverContainer {
			return connectDockerd(ctx, o, e, b.Name)
		}
		engine, err := e.client()
		if err != nil {
			return nil, err
		}
		return inContainer(ctx, o, e, engine, buildxContainerPrefix+node.Name, b.Name)
	case DriverRemote:
		return connectRemote(ctx, o, b.Name, node)
	}
	return nil, unreachable(b.Name,
		"Builders of the drivers docker-container, remote and docker can be used. Create one with docker buildx create --driver docker-container, or give buildkitd's address.",
		fmt.Errorf("the driver %s is not supported", b.Driver))
}

// connectRemote connects to the address that a remote builder stands for.
func connectRemote(ctx context.Context, o Options, name string, node buildxNode) (*Builder, error) {
	o.TLS = TLS{
		CA:   node.DriverOpts["cacert"],
		Cert: node.DriverOpts["cert"], Key: node.DriverOpts["key"],
		ServerName: node.DriverOpts["servername"],
	}
	if err := o.TLS.check(); err != nil {
		return nil, err
	}
	if !strings.Contains(node.Endpoint, "://") {
		return nil, unreachable(name, addressHint, fmt.Errorf("its endpoint %q is no address", hideUser(node.Endpoint)))
	}
	b, err := connectGiven(ctx, o, "the endpoint of the builder "+name, node.Endpoint)
	if err != nil {
		return nil, err
	}
	b.Name, b.Driver = name, DriverRemote
	return b, nil
}

func refuseTLS(o Options, name string) error {
	if o.TLS.empty() {
		return nil
	}
	return &UsageError{
		Problem: fmt.Sprintf("certificates were given for the builder %s, which has its own", name),
		Hint:    "certificates are for tcp:// addresses",
	}
}

// buildxNames lists the builders in buildx's store.
func buildxNames(o Options) []string {
	entries, err := os.ReadDir(filepath.Join(buildxDir(o), "instances"))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}
