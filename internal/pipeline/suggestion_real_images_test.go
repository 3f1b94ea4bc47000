package pipeline_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// toolDir has the Dockerfile of the images with package managers.
const toolDir = suggestionDir + "/real/tools"

// packagePlaces gives what stands for the images with package managers, and for the
// server that they install from.
func packagePlaces(t *testing.T, d *buildkittest.Daemon, debian string) []string {
	t.Helper()
	var out []string
	for _, target := range []string{"rust", "java", "scripts", "scripted", "rpm"} {
		out = append(out, "{"+target+"}", "oci-layout://"+tools(t, d, debian, target)+":"+target)
	}
	made := tools(t, d, debian, "made")
	for _, name := range []string{"gradlew", "gradle-wrapper.jar"} {
		data, err := os.ReadFile(filepath.Join(made, name))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, "{"+name+"}", string(data))
	}
	return append(out, "{packages}", packages(t, made))
}

// tools gives the folder with what a target of the Dockerfile makes, an image as an
// OCI layout or files. It is made once for each text of the Dockerfile.
func tools(t *testing.T, d *buildkittest.Daemon, debian, target string) string {
	t.Helper()
	text, err := os.ReadFile(toolDir + "/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs(fmt.Sprintf("../../.cache/tools-%.6x/%s", sha256.Sum256(text), target))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	layout := strings.TrimPrefix(debian[:strings.LastIndex(debian, ":")], "oci-layout://")
	output := "type=local,dest=" + folder + ".new"
	if target != "made" {
		output = "type=oci,tar=false,compression=zstd,name=tools:" + target + ",dest=" + folder + ".new"
	}
	// The name says that all of it is there: an interrupted run leaves none.
	if err := os.RemoveAll(folder + ".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"--addr", d.Address, "build", "--progress", "plain", "--frontend", "dockerfile.v0",
		"--local", "context=" + toolDir, "--local", "dockerfile=" + toolDir, "--opt", "target=" + target,
		"--oci-layout", "debian=" + layout, "--opt", "context:debian=oci-layout://debian@" + layoutDigest(t, layout), "--output", output}
	for i, words := 0, proxies(); i < len(words); i += 2 {
		args = append(args, "--opt", "build-arg:"+words[i+1])
	}
	if out, err := exec.CommandContext(t.Context(), buildkittest.Binary(t, "buildctl"), args...).CombinedOutput(); err != nil {
		t.Fatalf("making the image %s: %v\n%s", target, err, out)
	}
	if err := os.Rename(folder+".new", folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

func layoutDigest(t *testing.T, layout string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(layout, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct{ Manifests []struct{ Digest string } }
	if err := json.Unmarshal(data, &index); err != nil || len(index.Manifests) != 1 {
		t.Fatalf("%s names %d images: %v", layout, len(index.Manifests), err)
	}
	return index.Manifests[0].Digest
}

// place puts what stands for images and servers into a story.
func (s *story) place(places *strings.Replacer) {
	for _, act := range s.acts {
		for i, word := range act.words {
			act.words[i] = places.Replace(word)
		}
	}
	for _, files := range slices.AppendSeq([]map[string]string{s.tree}, maps.Values(s.edits)) {
		for name, text := range files {
			files[name] = places.Replace(text)
		}
	}
}
