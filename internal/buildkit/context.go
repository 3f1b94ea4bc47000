package buildkit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	contentlocal "github.com/containerd/containerd/v2/plugins/content/local"
	cfs "github.com/containerd/continuity/fs"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/ociindex"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/identity"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// setContext finds the build context and the Dockerfile.
func setContext(o Options, r *request) error {
	switch {
	case o.Context == "":
		return &UsageError{"no build context given", `name the folder to build, for example "."`}
	case o.Context == "-":
		return &UsageError{"the build context is not read from standard input", "name the folder"}
	case o.File == "-":
		return &UsageError{"the Dockerfile is not read from standard input", "name the file with --file"}
	case isURL(o.Context):
		return setRemoteContext(o, r)
	}
	fi, err := os.Stat(o.Context)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &UsageError{fmt.Sprintf("the build context %q does not exist", o.Context), "check the path; it is relative to the current folder"}
	case err != nil:
		return &UsageError{fmt.Sprintf("reading the build context: %v", err), "check the folder's permissions"}
	case !fi.IsDir():
		return &UsageError{fmt.Sprintf("the build context %q is not a folder", o.Context), "name the folder, and the Dockerfile with --file"}
	}
	if err := r.locals.add("context", o.Context); err != nil {
		return err
	}
	r.opt.SharedKey = sharedKey(r.locals.trees["context"].Root())
	file := o.File
	if file == "" {
		file = filepath.Join(o.Context, "Dockerfile")
	}
	return setDockerfile(o, r, file)
}

// sharedKey names the copy of the context that the daemon keeps. Without a name
// of its own every context would replace the one before it, and a file that has
// the path, the size and the time of another project's would be taken for it.
func sharedKey(root string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return "layercause:" + host + ":" + root
}

// setDockerfile reads the Dockerfile from this machine, so that a mistake in it
// is found before a builder is asked.
func setDockerfile(o Options, r *request, file string) error {
	data, err := readInside(file)
	switch {
	case isFolder(file):
		return &UsageError{fmt.Sprintf("%q is a folder, not a Dockerfile", file), "name the file with --file, relative to the current folder"}
	case errors.Is(err, errLeadsOut):
		return &UsageError{fmt.Sprintf("the Dockerfile %q is a link out of its folder, which BuildKit does not follow", file), "name the file itself with --file"}
	case errors.Is(err, fs.ErrNotExist):
		return &UsageError{fmt.Sprintf("there is no Dockerfile at %q", file), "name it with --file, relative to the current folder"}
	case err != nil:
		return &UsageError{fmt.Sprintf("reading the Dockerfile: %v", err), "name a readable file with --file"}
	}
	if err := r.locals.add("dockerfile", filepath.Dir(file)); err != nil {
		return err
	}
	r.opt.FrontendAttrs["filename"] = filepath.Base(file)
	r.dockerfile, r.data = relative(o.Root, file), data
	f, err := dockerfile.Parse(r.dockerfile, data)
	if err != nil {
		// A file with a syntax line is read by a frontend that may know more.
		if ref, _ := dockerfile.Syntax(data); ref != "" {
			return nil
		}
		return &dockerfileError{err, &UsageError{err.Error(), "mend the Dockerfile, or name another one with --file"}}
	}
	return checkTarget(f, o.Target)
}

// errLeadsOut is a link to what is not in its folder.
var errLeadsOut = errors.New("the link leads out of its folder")

// readInside reads a file as BuildKit does, which has its folder alone: where it is a
// link, what that leads to is looked for there. A repository could have any file of
// this machine quoted otherwise.
func readInside(file string) ([]byte, error) {
	path, err := cfs.RootPath(filepath.Dir(file), filepath.Base(file))
	if err != nil {
		return nil, errLeadsOut
	}
	data, err := os.ReadFile(path)
	if fi, linkErr := os.Lstat(file); err != nil && linkErr == nil && fi.Mode()&os.ModeSymlink != 0 {
		return nil, errLeadsOut
	}
	return data, err
}

func isFolder(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

func checkTarget(f *dockerfile.File, target string) error {
	if target == "" || f.StageNamed(target) >= 0 {
		return nil
	}
	var names []string
	for _, s := range f.Stages {
		names = append(names, s.Name)
	}
	return &UsageError{fmt.Sprintf("%s has no stage %q", f.Path, target), "the stages are: " + strings.Join(names, ", ")}
}

// setRemoteContext leaves the fetching to the daemon.
func setRemoteContext(o Options, r *request) error {
	r.opt.FrontendAttrs["context"] = o.Context
	r.opt.SharedKey = sharedKey(record.RedactURLs(o.Context))
	r.dockerfile = "Dockerfile"
	if o.File == "" {
		return nil
	}
	if filepath.IsAbs(o.File) {
		r.opt.FrontendAttrs["dockerfilekey"] = "dockerfile"
		return setDockerfile(o, r, o.File)
	}
	r.dockerfile = filepath.ToSlash(o.File)
	r.opt.FrontendAttrs["filename"] = r.dockerfile
	return nil
}

func isURL(s string) bool {
	if _, ok, _ := dockerui.DetectGitContext(s, nil); ok {
		return true
	}
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// setNamedContexts translates --build-context.
func setNamedContexts(o Options, r *request) error {
	for _, c := range o.BuildContexts {
		name, value, ok := strings.Cut(c, "=")
		if !ok || name == "" || value == "" {
			return &UsageError{fmt.Sprintf("--build-context %q is not NAME=VALUE", c), "write for example --build-context assets=./assets"}
		}
		name, err := contextName(name)
		if err != nil {
			return err
		}
		r.contexts = append(r.contexts, name)
		path, isLayout := strings.CutPrefix(value, "oci-layout://")
		switch {
		case isLayout:
			if err := setLayout(r, name, path); err != nil {
				return err
			}
		case strings.HasPrefix(value, "docker-image://"), strings.HasPrefix(value, "target:"), isURL(value):
			r.opt.FrontendAttrs["context:"+name] = value
		default:
			local := name
			if name == "context" || name == "dockerfile" {
				local = "_" + name // these two names are taken
			}
			if err := r.locals.add(local, value); err != nil {
				return err
			}
			r.opt.FrontendAttrs["context:"+name] = "local:" + local
			// Else the daemon would keep one copy for all folders of that name. An image's
			// provenance may show it: it is not to name this machine and its folders.
			r.opt.FrontendAttrs["sharedkey:localdir:"+name] = digest.FromString(sharedKey(r.locals.trees[local].Root())).Encoded()
		}
	}
	return nil
}

// contextName is the name under which BuildKit looks for what stands in for a
// reference: without the parts that docker implies.
func contextName(given string) (string, error) {
	named, err := reference.ParseNormalizedNamed(strings.ToLower(given))
	if err != nil {
		return "", &UsageError{fmt.Sprintf("--build-context: %q is no name of a stage or an image: %v", given, err), "write for example --build-context assets=./assets"}
	}
	return strings.TrimSuffix(reference.FamiliarString(named), ":latest"), nil
}

// setLayout gives the daemon an OCI layout: PATH, PATH:TAG or PATH@DIGEST.
func setLayout(r *request, name, value string) error {
	path, dgst, _ := strings.Cut(value, "@")
	tag := ""
	if i := strings.LastIndexByte(path, ':'); i >= 0 && !strings.Contains(path[i:], "/") {
		path, tag = path[:i], path[i+1:]
	}
	bad := func(why string) error {
		return &UsageError{fmt.Sprintf("--build-context %s: the OCI layout %q %s", name, path, why), "write oci-layout://FOLDER, with :TAG or @DIGEST if the layout holds several images"}
	}
	if _, err := os.Stat(filepath.Join(path, "index.json")); err != nil {
		return bad("has no index.json")
	}
	if dgst == "" {
		index := ociindex.NewStoreIndex(path)
		desc, err := index.Get(tag)
		if err == nil && desc == nil {
			desc, err = index.GetSingle()
		}
		if err != nil || desc == nil {
			return bad("does not say which image is meant")
		}
		dgst = desc.Digest.String()
	}
	store, err := contentlocal.NewStore(path)
	if err != nil {
		return bad(err.Error())
	}
	if r.opt.OCIStores == nil {
		r.opt.OCIStores = map[string]content.Store{}
	}
	id := identity.NewID()
	r.opt.OCIStores[id] = store
	if tag != "" {
		id += ":" + tag
	}
	r.opt.FrontendAttrs["context:"+name] = "oci-layout://" + id + "@" + dgst
	return nil
}
