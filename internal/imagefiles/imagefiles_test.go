package imagefiles_test

import (
	"archive/tar"
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/imagefiles"
)

// pack writes a tar; the data of a file stands in its Linkname's place in data.
func pack(t testing.TB, headers []tar.Header, data map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range headers {
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(data[h.Name]))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(data[h.Name])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func read(t testing.TB, text []byte) imagefiles.Files {
	t.Helper()
	files, err := imagefiles.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sample has an entry of each type.
func sample() ([]tar.Header, map[string]string) {
	return []tar.Header{
		{Typeflag: tar.TypeDir, Name: "app/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "app/a", Mode: 0o644, Uid: 1, Gid: 2},
		{Typeflag: tar.TypeReg, Name: "app/b", Mode: 0o4755, PAXRecords: map[string]string{"SCHILY.xattr.user.x": "1"}},
		{Typeflag: tar.TypeLink, Name: "app/c", Linkname: "app/a", Mode: 0o644, Uid: 1, Gid: 2},
		{Typeflag: tar.TypeSymlink, Name: "app/d", Linkname: "../b", Mode: 0o777},
		{Typeflag: tar.TypeChar, Name: "app/e", Mode: 0o600, Devmajor: 1, Devminor: 3},
		{Typeflag: tar.TypeFifo, Name: "app/f", Mode: 0o600},
	}, map[string]string{"app/a": "one", "app/b": "two"}
}

func compare(t testing.TB, before, after imagefiles.Image) []string {
	t.Helper()
	all, err := imagefiles.Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	return texts(all)
}

func texts(all []imagefiles.Difference) []string {
	var out []string
	for _, d := range all {
		out = append(out, d.String())
	}
	return out
}

func TestEveryChangeOfAFileIsListed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(h []tar.Header, data map[string]string) []tar.Header
		want   []string
	}{
		"nothing": {func(h []tar.Header, _ map[string]string) []tar.Header { return h }, nil},
		"times": {func(h []tar.Header, _ map[string]string) []tar.Header {
			h[1].ModTime = h[1].ModTime.AddDate(1, 0, 0)
			return h
		}, nil},
		"content, with a hard link to it": {func(h []tar.Header, data map[string]string) []tar.Header {
			data["app/a"] = "other"
			return h
		}, []string{"/app/a has another content, 5 bytes instead of 3 bytes", "/app/c has another content, 5 bytes instead of 3 bytes"}},
		"content of the same size": {func(h []tar.Header, data map[string]string) []tar.Header {
			data["app/b"] = "six"
			return h
		}, []string{"/app/b has another content"}},
		"mode": {func(h []tar.Header, _ map[string]string) []tar.Header {
			h[2].Mode = 0o755
			return h
		}, []string{"/app/b has another mode, 0755 instead of 4755"}},
		"owner and group": {func(h []tar.Header, _ map[string]string) []tar.Header {
			h[2].Uid, h[0].Gid = 5, 6
			return h
		}, []string{"/app has another owner, 0:6 instead of 0:0", "/app/b has another owner, 5:0 instead of 0:0"}},
		"symbolic link": {func(h []tar.Header, _ map[string]string) []tar.Header {
			h[4].Linkname = "/c"
			return h
		}, []string{"/app/d links to another place, /c instead of ../b"}},
		"a hard link of its own": {func(h []tar.Header, data map[string]string) []tar.Header {
			h[3].Typeflag, h[3].Linkname = tar.TypeReg, ""
			data["app/c"] = data["app/a"]
			return h
		}, []string{"/app/c links to another place"}},
		"extended attribute": {func(h []tar.Header, _ map[string]string) []tar.Header {
			h[2].PAXRecords = nil
			return h
		}, []string{"/app/b has other extended attributes"}},
		"device": {func(h []tar.Header, _ map[string]string) []tar.Header {
			h[5].Devminor = 5
			return h
		}, []string{"/app/e has another content, 1:5 instead of 1:3"}},
		"type": {func(h []tar.Header, _ map[string]string) []tar.Header {
			h[6].Typeflag, h[6].Mode = tar.TypeDir, 0o755
			return h
		}, []string{"/app/f has another type, folder instead of named pipe"}},
		"removed and added": {func(h []tar.Header, _ map[string]string) []tar.Header {
			h[5].Name = "app/g"
			return h
		}, []string{"/app/e is no longer there", "/app/g is new"}},
	} {
		t.Run(name, func(t *testing.T) {
			h, data := sample()
			before := imagefiles.Image{Files: read(t, pack(t, h, data))}
			h, data = sample()
			after := imagefiles.Image{Files: read(t, pack(t, c.change(h, data), data))}
			if diff := cmp.Diff(c.want, compare(t, before, after)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestConfigurations(t *testing.T) {
	const plain = `{"created":"2026-01-01T00:00:00Z","architecture":"amd64","os":"linux","rootfs":{"diff_ids":["a"]},
		"history":[{"created_by":"x"}],"config":{"Env":["PATH=/bin","SECRET=one"],"Cmd":["sh"],"User":"","Labels":{"a":"1"},
		"Volumes":null,"ExposedPorts":{"80/tcp":{}}}}`
	for name, c := range map[string]struct {
		after string
		want  []string
	}{
		"itself":                        {plain, nil},
		"another time and other layers": {strings.NewReplacer("2026", "2027", `"a"]`, `"b"]`, `"x"`, `"y"`).Replace(plain), nil},
		"a value, which is not shown":   {strings.Replace(plain, "=one", "=two", 1), []string{"config.Env.SECRET has another content"}},
		"entries": {
			strings.NewReplacer(`"SECRET=one"`, `"OTHER="`, `"a":"1"`, `"b":"1"`, "80/tcp", "81/tcp").Replace(plain),
			[]string{
				"config.Env.OTHER is new", "config.Env.SECRET is no longer there", "config.ExposedPorts.80/tcp is no longer there",
				"config.ExposedPorts.81/tcp is new", "config.Labels.a is no longer there", "config.Labels.b is new",
			},
		},
		"user, command and platform": {
			strings.NewReplacer(`"User":""`, `"User":"app"`, `["sh"]`, `["ash"]`, "amd64", "arm64").Replace(plain),
			[]string{"config.Cmd has another content", "config.User is new", "config.architecture has another content"},
		},
		"nothing written as null": {strings.Replace(plain, `"Volumes":null,`, `"Volumes":{},"OnBuild":[],"Entrypoint":null,`, 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := compare(t, imagefiles.Image{Config: []byte(plain)}, imagefiles.Image{Config: []byte(c.after)})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if _, err := imagefiles.Compare(imagefiles.Image{Config: []byte("{")}, imagefiles.Image{}); err == nil {
		t.Error("half a configuration is taken for one")
	}
}

// differences makes a list of "change path" lines.
func differences(lines ...string) []imagefiles.Difference {
	var out []imagefiles.Difference
	for _, l := range lines {
		change, path, _ := strings.Cut(l, " ")
		out = append(out, imagefiles.Difference{Path: path, Change: imagefiles.Change(change)})
	}
	return out
}

func lines(all []imagefiles.Difference) []string {
	var out []string
	for _, d := range all {
		out = append(out, string(d.Change)+" "+d.Path)
	}
	return out
}

func TestWhatIsDeclaredIsExpected(t *testing.T) {
	declared := []imagefiles.Declared{
		{Path: "/var/lib/apt/lists", Change: imagefiles.Removed}, {Path: "config.User"}, {Path: "config.Env"},
		{Path: "/root/.cache/*"}, {Path: "/**/node_modules/**", Change: imagefiles.Removed}, {Path: "/app", Change: imagefiles.Owner},
	}
	all := differences(
		"added config.User", "content config.Username", "added config.Env.HOME", "owner /app", "owner /app/a", "mode /app/a",
		"owner /app-b", "removed /root/.cache", "removed /root/.cache/pip", "removed /root/.cache/pip/x",
		"removed /srv/node_modules", "removed /srv/node_modules/x", "removed /srv/node_modules/x/y", "content /opt/node_modules/z",
		"removed /var/lib/apt/lists/x", "content /var/lib/apt/lists/y", "removed /var/lib/apt/listsx",
	)
	want := []string{
		"content config.Username", "mode /app/a", "owner /app-b", "content /opt/node_modules/z", "content /var/lib/apt/lists/y", "removed /var/lib/apt/listsx",
	}
	if diff := cmp.Diff(want, lines(imagefiles.Undeclared(all, declared))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// A folder goes with what is declared, not with anything else that it holds.
	all = differences("removed /root", "removed /root/.cache", "removed /root/.cache/pip", "removed /root/.profile")
	want = []string{"removed /root", "removed /root/.profile"}
	if diff := cmp.Diff(want, lines(imagefiles.Undeclared(all, declared))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheEditItselfIsNoDifference(t *testing.T) {
	image := func(data map[string]string) imagefiles.Image {
		var headers []tar.Header
		for _, name := range slices.Sorted(maps.Keys(data)) {
			headers = append(headers, tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644})
		}
		return imagefiles.Image{Files: read(t, pack(t, headers, data))}
	}
	before := image(map[string]string{"app/Dockerfile": "old", "copy": "old", "third": "old", "gone": "x", "empty": ""})
	after := image(map[string]string{"app/Dockerfile": "new", "copy": "new", "third": "newer", "app/.dockerignore": "rules", "other": "x"})
	all, err := imagefiles.Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	edits := []imagefiles.Edit{{Before: []byte("old"), After: []byte("new")}, {After: []byte("rules")}, {Before: []byte("x")}}
	want := []string{"removed /empty", "added /other", "content /third"}
	if diff := cmp.Diff(want, lines(imagefiles.Unedited(all, before, after, edits))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(lines(all), lines(imagefiles.Unedited(all, before, after, nil))); diff != "" {
		t.Errorf("without an edit:\n%s", diff)
	}
}

func TestWhatTwoExecutionsDifferInIsNotSteady(t *testing.T) {
	executions := differences("content /stamp", "removed /logs/a.log", "added /logs/b.log", "added /sometimes", "type /shape")
	all := differences(
		"content /stamp", "mode /stamp", "removed /logs/a.log", "added /logs/c", "added /logs/c/d", "content /logs/kept",
		"removed /sometimes", "mode /shape", "content /other", "added /sometimes2",
	)
	want := []string{"mode /stamp", "content /logs/kept", "content /other", "added /sometimes2"}
	if diff := cmp.Diff(want, lines(imagefiles.Steady(all, executions))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(lines(all), lines(imagefiles.Steady(all, nil))); diff != "" {
		t.Errorf("without a second execution:\n%s", diff)
	}
}

func TestOfAFolderThatComesOnlyTheFolderIsShown(t *testing.T) {
	all := differences("added config.Env.A", "added /a", "added /a/b", "added /a/b/c", "mode /x", "removed /x/y", "removed /x/y/z", "added /xy")
	want := []string{"added config.Env.A", "added /a", "mode /x", "removed /x/y", "added /xy"}
	if diff := cmp.Diff(want, lines(imagefiles.Fold(all))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestATarThatCannotBe(t *testing.T) {
	h, data := sample()
	whole := pack(t, h, data)
	for name, text := range map[string][]byte{
		"cut off in a file":  whole[:1024+512+1],
		"no tar":             []byte(strings.Repeat("x", 1024)),
		"a link to nothing":  pack(t, []tar.Header{{Typeflag: tar.TypeLink, Name: "a", Linkname: "b"}}, nil),
		"a link to itself":   pack(t, []tar.Header{{Typeflag: tar.TypeLink, Name: "a", Linkname: "./a"}}, nil),
		"a link to a folder": pack(t, []tar.Header{{Typeflag: tar.TypeDir, Name: "b/"}, {Typeflag: tar.TypeLink, Name: "a", Linkname: "b"}}, nil),
	} {
		if files, err := imagefiles.Read(bytes.NewReader(text)); err == nil {
			t.Errorf("%s is read as %v", name, files)
		}
	}
}
