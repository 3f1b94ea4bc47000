package actionscachetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// serveV1 serves _apis/artifactcache.
func (c *Service) serveV1(mux *http.ServeMux) {
	handle := func(pattern string, serve func(http.ResponseWriter, *http.Request, []Scope)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if a := r.Header.Get("Accept"); !strings.Contains(a, "api-version=6.0-preview.1") {
				refuseV1(w, http.StatusBadRequest, "VssVersionNotSpecifiedException", "no api-version was supplied")
				return
			}
			scopes, err := c.scopes(r)
			if err != nil {
				refuseV1(w, http.StatusUnauthorized, "UnauthorizedException", err.Error())
				return
			}
			serve(w, r, scopes)
		})
	}
	handle("GET /_apis/artifactcache/cache", c.findV1)
	handle("POST /_apis/artifactcache/caches", c.reserveV1)
	handle("PATCH /_apis/artifactcache/caches/{id}", c.uploadV1)
	handle("POST /_apis/artifactcache/caches/{id}", c.finishV1)
}

func (c *Service) findV1(w http.ResponseWriter, r *http.Request, scopes []Scope) {
	if !readable(scopes) {
		refuseV1(w, http.StatusForbidden, "AccessDeniedException", readDenied)
		return
	}
	e := c.find(scopes, r.FormValue("version"), strings.Split(r.FormValue("keys"), ","))
	if e == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, http.StatusOK, map[string]string{"cacheKey": e.key, "scope": e.scope, "archiveLocation": c.sign(e, "r")})
}

func (c *Service) reserveV1(w http.ResponseWriter, r *http.Request, scopes []Scope) {
	var in struct{ Key, Version string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuseV1(w, http.StatusBadRequest, "ArgumentException", err.Error())
		return
	}
	switch e, err := c.reserve(scopes, in.Key, in.Version); {
	case err != nil:
		refuseV1(w, http.StatusForbidden, "AccessDeniedException", err.Error())
	case e == nil:
		refuseV1(w, http.StatusConflict, "ArtifactCacheItemAlreadyExistsException", "Cache already exists. Key: "+in.Key)
	default:
		answer(w, http.StatusCreated, map[string]int{"cacheId": e.id})
	}
}

func (c *Service) uploadV1(w http.ResponseWriter, r *http.Request, scopes []Scope) {
	e := c.unfinished(scopes, func(e *entry) bool { return fmt.Sprint(e.id) == r.PathValue("id") })
	var first, last int
	data, err := io.ReadAll(r.Body)
	if err == nil {
		_, err = fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/*", &first, &last)
	}
	if err != nil || e == nil || last-first+1 != len(data) {
		refuseV1(w, http.StatusBadRequest, "ArgumentException", "there is no such upload")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if grow := last + 1 - len(e.data); grow > 0 {
		e.data = append(e.data, make([]byte, grow)...)
	}
	copy(e.data[first:], data)
	w.WriteHeader(http.StatusNoContent)
}

func (c *Service) finishV1(w http.ResponseWriter, r *http.Request, scopes []Scope) {
	e := c.unfinished(scopes, func(e *entry) bool { return fmt.Sprint(e.id) == r.PathValue("id") })
	var in struct{ Size int64 }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || e == nil {
		refuseV1(w, http.StatusBadRequest, "ArgumentException", "there is no such upload")
		return
	}
	if err := c.finish(e, in.Size); err != nil {
		refuseV1(w, http.StatusBadRequest, "ArtifactCacheInvalidSizeException", err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func refuseV1(w http.ResponseWriter, status int, kind, message string) {
	answer(w, status, map[string]any{"message": message, "typeKey": kind, "typeName": "GitHub." + kind, "errorCode": 0})
}
