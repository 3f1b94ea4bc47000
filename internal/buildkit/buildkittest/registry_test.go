package buildkittest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/crane"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// A daemon whose download broke off asks for the rest of it.
func TestRegistryGoesOnWithADownload(t *testing.T) {
	host := buildkittest.Registry(t)
	buildkittest.PushImage(t, host+"/base:1", buildkittest.Image{})
	manifest, err := crane.Pull(host + "/base:1")
	if err != nil {
		t.Fatal(err)
	}
	layers, err := manifest.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/v2/base/blobs/"+digest.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=1000-")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	size, _ := layers[0].Size()
	if err != nil || resp.StatusCode != http.StatusOK || n != size {
		t.Errorf("the answer is %s with %d bytes of %d: %v", resp.Status, n, size, err)
	}
}

// A daemon begins to send a layer, and asks for another before it goes on.
func TestRegistryAnswersWhileOneUploads(t *testing.T) {
	host := buildkittest.Registry(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	url := "http://" + host + "/v2/base/blobs/"
	begun, err := http.Post(url+"uploads/", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	begun.Body.Close()
	content, sent := io.Pipe()
	put, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+host+begun.Header.Get("Location")+"?digest=sha256:"+
		fmt.Sprintf("%x", sha256.Sum256([]byte("a layer"))), content)
	if err != nil {
		t.Fatal(err)
	}
	uploaded := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(put)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusCreated {
				err = errors.New(resp.Status)
			}
		}
		uploaded <- err
	}()
	if _, err := sent.Write([]byte("a ")); err != nil {
		t.Fatal(err)
	}
	head, err := http.NewRequestWithContext(ctx, http.MethodHead, url+"sha256:"+strings.Repeat("0", 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	// What is sent may be on its way to the registry still.
	for range 20 {
		resp, err := http.DefaultClient.Do(head)
		if err != nil {
			t.Fatalf("asking for another layer: %v", err)
		}
		resp.Body.Close()
		time.Sleep(5 * time.Millisecond)
	}
	sent.Write([]byte("layer"))
	sent.Close()
	if err := <-uploaded; err != nil {
		t.Error(err)
	}
}
