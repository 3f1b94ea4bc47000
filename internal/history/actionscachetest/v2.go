package actionscachetest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// questionV2 holds the fields of all of version 2's requests.
type questionV2 struct {
	Key         string   `json:"key"`
	RestoreKeys []string `json:"restore_keys"`
	Version     string   `json:"version"`
	SizeBytes   int64    `json:"size_bytes"`
}

// serveV2 serves the Twirp service. What it answers with is the address of a blob.
func (c *Service) serveV2(mux *http.ServeMux) {
	handle := func(method string, serve func(http.ResponseWriter, questionV2, []Scope)) {
		mux.HandleFunc("POST /twirp/github.actions.results.api.v1.CacheService/"+method, func(w http.ResponseWriter, r *http.Request) {
			scopes, err := c.scopes(r)
			if err != nil {
				refuseV2(w, http.StatusUnauthorized, "unauthenticated", err.Error())
				return
			}
			var q questionV2
			if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
				refuseV2(w, http.StatusBadRequest, "malformed", err.Error())
				return
			}
			serve(w, q, scopes)
		})
	}
	handle("GetCacheEntryDownloadURL", func(w http.ResponseWriter, q questionV2, scopes []Scope) {
		if !readable(scopes) {
			refuseV2(w, http.StatusForbidden, "permission_denied", readDenied)
			return
		}
		e := c.find(scopes, q.Version, append([]string{q.Key}, q.RestoreKeys...))
		if e == nil {
			answer(w, http.StatusOK, map[string]any{"ok": false, "signed_download_url": "", "matched_key": ""})
			return
		}
		answer(w, http.StatusOK, map[string]any{"ok": true, "signed_download_url": c.sign(e, "r"), "matched_key": e.key})
	})
	handle("CreateCacheEntry", func(w http.ResponseWriter, q questionV2, scopes []Scope) {
		switch e, err := c.reserve(scopes, q.Key, q.Version); {
		case err != nil:
			answer(w, http.StatusOK, map[string]any{"ok": false, "signed_upload_url": "", "message": err.Error()})
		case e == nil:
			refuseV2(w, http.StatusConflict, "already_exists", "cache entry with the same key, version, and scope already exists")
		default:
			answer(w, http.StatusOK, map[string]any{"ok": true, "signed_upload_url": c.sign(e, "w")})
		}
	})
	handle("FinalizeCacheEntryUpload", func(w http.ResponseWriter, q questionV2, scopes []Scope) {
		e := c.unfinished(scopes, func(e *entry) bool { return e.key == q.Key && e.version == q.Version })
		if e == nil {
			refuseV2(w, http.StatusNotFound, "not_found", "there is no such upload")
			return
		}
		if err := c.finish(e, q.SizeBytes); err != nil {
			refuseV2(w, http.StatusBadRequest, "invalid_argument", err.Error())
			return
		}
		answer(w, http.StatusOK, map[string]any{"ok": true, "entry_id": fmt.Sprint(e.id)})
	})
}

func refuseV2(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]string{"code": code, "msg": message})
}

// sign makes the address of an entry's blob, which needs no token: to read it, or
// to write it.
func (c *Service) sign(e *entry, permission string) string {
	path := fmt.Sprintf("/blobs/%d", e.id)
	return c.URL + path + "?se=2099-01-01T00%3A00%3A00Z&sp=" + permission + "&sig=" + c.signature(path, permission)
}

func (c *Service) signature(path, permission string) string {
	h := hmac.New(sha256.New, c.key)
	io.WriteString(h, permission+path)
	return hex.EncodeToString(h.Sum(nil))
}

// serveBlobs is as much of Azure's blob storage as an upload in blocks and a
// download in ranges take.
func (c *Service) serveBlobs(mux *http.ServeMux) {
	mux.HandleFunc("/blobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		permission := map[string]string{http.MethodGet: "r", http.MethodHead: "r", http.MethodPut: "w"}[r.Method]
		w.Header().Set("x-ms-request-id", fmt.Sprint(time.Now().UnixNano()))
		w.Header().Set("x-ms-version", r.Header.Get("x-ms-version"))
		if r.FormValue("sp") != permission || !hmac.Equal([]byte(r.FormValue("sig")), []byte(c.signature(r.URL.Path, permission))) {
			refuseBlob(w, http.StatusForbidden, "AuthenticationFailed")
			return
		}
		var found *entry
		c.mu.Lock()
		for _, e := range c.entries {
			if fmt.Sprint(e.id) == r.PathValue("id") {
				found = e
			}
		}
		c.mu.Unlock()
		switch {
		case found == nil:
			refuseBlob(w, http.StatusNotFound, "BlobNotFound")
		case permission == "r":
			if rng := r.Header.Get("x-ms-range"); rng != "" {
				r.Header.Set("Range", rng)
			}
			w.Header().Set("Content-Type", "application/octet-stream")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.data))
		default:
			c.putBlob(w, r, found)
		}
	})
}

// putBlob takes a whole blob, one block of it, or the list that makes it of blocks.
func (c *Service) putBlob(w http.ResponseWriter, r *http.Request, e *entry) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuseBlob(w, http.StatusBadRequest, "InvalidInput")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r.FormValue("comp") {
	case "block":
		e.blocks[r.FormValue("blockid")] = body
	case "blocklist":
		var list struct{ Latest []string }
		if err := xml.Unmarshal(body, &list); err != nil {
			refuseBlob(w, http.StatusBadRequest, "InvalidXmlDocument")
			return
		}
		e.data = nil
		for _, id := range list.Latest {
			block, ok := e.blocks[strings.TrimSpace(id)]
			if !ok {
				refuseBlob(w, http.StatusBadRequest, "InvalidBlockList")
				return
			}
			e.data = append(e.data, block...)
		}
	default:
		e.data = body
	}
	w.WriteHeader(http.StatusCreated)
}

func refuseBlob(w http.ResponseWriter, status int, code string) {
	w.Header().Set("x-ms-error-code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>%[1]s</Message></Error>", code)
}
