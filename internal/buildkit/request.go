package buildkit

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/docker/go-units"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/entitlements"

	"github.com/layercause/layercause/internal/buildkit/cacheindex"
)

// request is a checked build: what goes to the daemon, and what the record
// needs to know of it.
type request struct {
	opt    client.SolveOpt
	locals *locals
	// dockerfile is the path of the Dockerfile as shown, and data its bytes if it
	// lies on this machine.
	dockerfile string
	data       []byte
	buildArgs  map[string]string
	contexts   []string // the names of the named contexts
	platforms  []string
	imports    []client.CacheOptionsEntry
	exports    []client.CacheOptionsEntry
	chosen     []client.CacheOptionsEntry // of both, those that nobody named
	loads      bool                       // an output goes to a Docker engine
	discards   bool                       // the result is to stay in the builder's cache
	unasked    bool                       // the provenance is one that nobody asked for
	late       error                      // a mistake that hinders a build alone
	auth       cacheindex.Credentials
}

// newRequest checks the options and translates them for the daemon.
func newRequest(o Options) (*request, error) {
	r := &request{opt: client.SolveOpt{FrontendAttrs: map[string]string{}}, locals: newLocals(o.IndexDir, o.Hidden)}
	for _, step := range []func(Options, *request) error{
		setContext, setNamedContexts, setBuildArgs, setPlatforms, setAttrs, setHosts, setResources, setCaches, setSession,
		setOutputs, setAttestations,
	} {
		if err := step(o, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// epochArg is the time that stamps what an image is made of.
const epochArg = "SOURCE_DATE_EPOCH"

func setBuildArgs(o Options, r *request) error {
	r.buildArgs = map[string]string{}
	for _, a := range o.BuildArgs {
		name, value, ok := strings.Cut(a, "=")
		if name == "" {
			return &UsageError{"a --build-arg has no name", "write --build-arg NAME=VALUE"}
		}
		if !ok {
			if value, ok = o.Getenv(name); !ok {
				continue // as buildx: an argument without a value that is not in the environment is not set
			}
		}
		r.buildArgs[name] = value
	}
	// As buildx: builds that are meant to be reproducible set it for all their tools.
	if _, ok := r.buildArgs[epochArg]; !ok {
		if value, ok := o.Getenv(epochArg); ok && value != "" {
			r.buildArgs[epochArg] = value
		}
	}
	for name, value := range r.buildArgs {
		r.opt.FrontendAttrs["build-arg:"+name] = value
	}
	return nil
}

func setPlatforms(o Options, r *request) error {
	lists := o.Platforms
	if len(lists) == 0 { // as docker's commands
		lists = []string{o.env("DOCKER_DEFAULT_PLATFORM")}
	}
	for _, list := range lists {
		for p := range strings.SplitSeq(list, ",") {
			p = strings.TrimSpace(p)
			if p == "" {
				continue
			}
			spec, err := platforms.Parse(p)
			if p == "local" {
				spec, err = platforms.DefaultSpec(), nil
			}
			if err != nil {
				return &UsageError{fmt.Sprintf("--platform %q is no platform", p), "write OS/ARCH, for example linux/amd64"}
			}
			if p := platforms.FormatAll(platforms.Normalize(spec)); !slices.Contains(r.platforms, p) {
				r.platforms = append(r.platforms, p)
			}
		}
	}
	if len(r.platforms) > 0 {
		r.opt.FrontendAttrs["platform"] = strings.Join(r.platforms, ",")
	}
	return nil
}

// platform is the one that was asked for, or empty if there are several or none.
func (r *request) platform() string {
	if len(r.platforms) != 1 {
		return ""
	}
	p, err := platforms.Parse(r.platforms[0])
	if err != nil {
		return ""
	}
	return platforms.Format(platforms.Normalize(p))
}

func setAttrs(o Options, r *request) error {
	attrs := r.opt.FrontendAttrs
	if o.Target != "" {
		attrs["target"] = o.Target
	}
	if filters := splitList(o.NoCacheFilter); len(filters) > 0 {
		attrs["no-cache"] = strings.Join(filters, ",")
	}
	if o.NoCache {
		if attrs["no-cache"] != "" { // buildx refuses it too
			return &UsageError{"--no-cache and --no-cache-filter exclude each other", "remove --no-cache to ignore the cache for the named stages alone"}
		}
		attrs["no-cache"] = ""
	}
	if o.Pull {
		attrs["image-resolve-mode"] = "pull"
	}
	if o.CgroupParent != "" {
		attrs["cgroup-parent"] = o.CgroupParent
	}
	for _, l := range o.Labels {
		key, value, _ := strings.Cut(l, "=")
		if key == "" {
			return &UsageError{fmt.Sprintf("--label %q has no key", l), "write --label KEY=VALUE"}
		}
		attrs["label:"+key] = value
	}
	for _, a := range o.Allow {
		if a == "" || a == allowDelete {
			continue
		}
		if _, _, err := entitlements.Parse(a); err != nil {
			return &UsageError{fmt.Sprintf("--allow %q is no entitlement", a), "use network.host, security.insecure, device or " + allowDelete}
		}
		r.opt.AllowedEntitlements = append(r.opt.AllowedEntitlements, a)
	}
	switch o.Network {
	case "", "default":
	case "host":
		r.opt.AllowedEntitlements = append(r.opt.AllowedEntitlements, string(entitlements.EntitlementNetworkHost))
		attrs["force-network-mode"] = "host"
	case "none":
		attrs["force-network-mode"] = "none"
	default:
		return &UsageError{fmt.Sprintf("--network %q is no network mode of a build", o.Network), "use default, host or none"}
	}
	return nil
}

func setResources(o Options, r *request) error {
	if o.ShmSize != "" {
		n, err := units.RAMInBytes(o.ShmSize)
		if err != nil || n < 0 {
			return &UsageError{fmt.Sprintf("--shm-size %q is no size", o.ShmSize), "write for example 128m"}
		}
		if n > 0 { // 0 is the default
			r.opt.FrontendAttrs["shm-size"] = strconv.FormatInt(n, 10)
		}
	}
	var limits []string
	for _, u := range o.Ulimits {
		l, err := units.ParseUlimit(u)
		if err != nil {
			return &UsageError{fmt.Sprintf("--ulimit %q is no limit: %v", u, err), "write for example nofile=1024:2048"}
		}
		limits = append(limits, l.String())
	}
	if len(limits) > 0 {
		r.opt.FrontendAttrs["ulimit"] = strings.Join(limits, ",")
	}
	return nil
}

// splitList takes apart lists that may be given as several flags or with commas.
func splitList(in []string) []string {
	var out []string
	for _, s := range in {
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// keyValues reads the fields of a CSV value with KEY=VALUE in each.
func keyValues(flag, value string, fields []string) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range fields {
		k, v, ok := strings.Cut(f, "=")
		if !ok || k == "" {
			return nil, &UsageError{fmt.Sprintf("%s: field %q is not KEY=VALUE", flag, f), "separate fields by commas, for example type=local,dest=out"}
		}
		out[strings.ToLower(strings.TrimSpace(k))] = v
	}
	return out, nil
}

// relative shows a path relative to the repository, or as it is if it lies outside.
func relative(root, path string) string {
	abs, err := filepath.Abs(path)
	if err != nil || root == "" {
		return filepath.ToSlash(path)
	}
	if r, err := filepath.EvalSymlinks(root); err == nil {
		root = r
	}
	if a, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(a, filepath.Base(abs))
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return filepath.ToSlash(filepath.Base(path))
	}
	return filepath.ToSlash(rel)
}

// attrsOf is what the gateway's frontend is given: the request's attributes and
// those that the client added for the caches.
func attrsOf(given map[string]string, added map[string]string) map[string]string {
	out := maps.Clone(given)
	maps.Copy(out, added)
	return out
}
