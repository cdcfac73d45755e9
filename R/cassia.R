# cassia from R (Linux, macOS): cell types for the clusters of a marker table. Base R only; to be sourced:
#
#     source("R/cassia.R")
#     markers <- loadExampleMarkers()
#     annotation <- runCASSIA_batch(markers, "out/intestine", tissue = "large intestine", provider = "offline")
#
# The work is done by the command `cassia-engine` (a name of the command `cassia` that no other package installs), which is
# called with files. It is looked for in the option
# `cassia.command`, then in the environment variable CASSIA_COMMAND, then on the PATH.
# From Seurat's FindAllMarkers to labels in the object: docs/seurat.md. What the columns mean: docs/formats.md.

# Annotate the clusters of a marker table; writes {output_name}_summary.csv, _full.csv, _conversations.json and
# _report.html, and returns the summary, invisibly. Arguments have the names, and up to `reasoning` the
# order, of CASSIA's R package.
#
#   marker            data frame of Seurat's FindAllMarkers, of Scanpy's rank_genes_groups_df, or of two columns,
#                     cluster and comma-separated genes; or the path of such a table (CSV or TSV, also .gz)
#   output_name       what the names of the output files start with, with a folder in front if you like
#   tissue, species   in your words; tissue = "none" for no tissue. Without a tissue it is CASSIA's default, which is said
#   additional_info   what else is known of the data, in your words
#   celltype_column, gene_column_name   columns of cluster ids and of genes, where they have unusual names
#   provider          who is asked, as `cassia providers` lists them; "offline" scores markers and asks no language model.
#                     The key comes from the provider's usual environment variable, such as OPENROUTER_API_KEY
#   model             the provider's name of a model; the provider's default as of the day unless given
#   temperature       sent to models that take it
#   max_workers       calls in flight at once
#   max_retries       further conversations for a cluster that ended without an annotation
#   validator_involvement   "v1": a second opinion where there is doubt; "v0": for every cluster, with a strict review
#   reasoning         "low", "medium" or "high"
#   n_genes           the most markers a cluster gets
#   ranking_method    "avg_log2FC", "p_val_adj", "pct_diff" or "Score"; ascending = TRUE or FALSE turns its order
#   verbose           FALSE keeps cassia's messages back, not its warnings and errors
#   use_reference, reference_model, validate_api_key_before_start, auto_convert_ids   have no effect, which is said
#   ...               other options of `cassia run` by their names, such as min_pct = 0.2. gene_filter is "none" unless
#                     given, so that the same genes are shown as by CASSIA
#
# Returns a data frame with one row per cluster and the column names of the file. Cluster ids are text, counts, scores
# and costs are numbers, an empty cell is NA. Fails with cassia's own line; where the files are written but some
# clusters failed, it is a warning.
runCASSIA_batch <- function(marker, output_name = "cell_type_analysis_results",
                            model = "anthropic/claude-sonnet-4.5", temperature = 0, tissue = "lung",
                            species = "human", additional_info = NULL, celltype_column = NULL,
                            gene_column_name = NULL, max_workers = 4, provider = "openrouter", n_genes = 50,
                            max_retries = 1, validator_involvement = "v1", ranking_method = "avg_log2FC",
                            ascending = NULL, reasoning = NULL, use_reference = FALSE, reference_model = NULL,
                            verbose = TRUE, validate_api_key_before_start = TRUE, auto_convert_ids = TRUE, ...) {
  if (is.null(.cassia_flag("verbose", verbose))) verbose <- TRUE
  command <- .cassia_command()
  output_name <- path.expand(.cassia_bytes(.cassia_one("output_name", output_name)))
  # Not basename(), which takes "folder/" for a name.
  name <- sub(".*/", "", output_name)
  options <- .cassia_options(
    name = name, outdir = dirname(output_name), tissue = tissue, species = species, provider = provider,
    n_genes = n_genes, additional_info = additional_info, cluster_column = celltype_column,
    gene_column = gene_column_name, ranking_method = if (!identical(ranking_method, "avg_log2FC")) ranking_method,
    ascending = .cassia_flag("ascending", ascending), descending = if (isFALSE(ascending)) TRUE,
    gene_filter = if (!"gene_filter" %in% ...names()) "none", ...
  )
  offline <- identical(provider, "offline")
  if (!offline) {
    own_model <- "model" %in% names(match.call())  # else the default as of the day
    options <- c(options, .cassia_options(
      model = if (own_model) model, temperature = temperature, max_workers = max_workers, max_retries = max_retries,
      validator_involvement = validator_involvement, reasoning = reasoning
    ))
  }
  # A misspelt one is refused by the command, which names it.
  misspelt <- any(utils::adist("tissue", c(...names(), "")) <= 2)
  if (!"tissue" %in% names(match.call()) && !misspelt) message("cassia: warning: ", .cassia_no_tissue)
  if (verbose) .cassia_say_unused(names(match.call()), offline)
  table <- .cassia_table(marker)
  on.exit(if (table$temporary) unlink(dirname(table$path), recursive = TRUE))
  # A person knows nothing of a temporary file.
  rename <- function(lines) {
    if (!table$temporary) return(lines)
    lines <- gsub(table$path, "marker, written as CSV", lines, fixed = TRUE)
    sub("^cassia: marker[.]csv: ", "cassia: marker, written as CSV: ", lines)
  }
  done <- .cassia_call(command, c("run", options, "--", table$path), verbose, rename)
  .cassia_conclude(done)
  invisible(.cassia_read_summary(file.path(dirname(output_name), paste0(name, "_summary.csv"))))
}

# A real marker table to try cassia with: human large intestine, 6 clusters (from CASSIA, MIT licence).
#
#   processed   FALSE: as FindAllMarkers gives it; TRUE: one row per cluster with its best genes, comma-separated
loadExampleMarkers <- function(processed = FALSE) {
  .cassia_example(if (processed) "large_intestine_processed.csv" else "large_intestine_seurat.csv.gz")
}

# The subclusters of a population, as FindAllMarkers gives them (from CASSIA, MIT licence).
loadExampleMarkers_subcluster <- function() .cassia_example("subcluster_seurat.csv.gz")

.cassia_example <- function(file) {
  done <- .cassia_call(.cassia_command(), "examples", show = FALSE)
  .cassia_conclude(done)
  path <- file.path(Filter(dir.exists, done$lines), file)
  if (!any(file.exists(path))) stop("cassia: this version has no example table ", file, call. = FALSE)
  table <- utils::read.csv(path, check.names = FALSE, encoding = "UTF-8", stringsAsFactors = FALSE)
  if (names(table)[1] == "") {
    row.names(table) <- table[[1]]
    table <- table[-1]
  }
  table
}

# Where the command is.
.cassia_command <- function() {
  named <- c(getOption("cassia.command"), Sys.getenv("CASSIA_COMMAND"), "cassia-engine")
  command <- path.expand(named[nzchar(named)][1])
  found <- Sys.which(command)
  if (nzchar(found)) return(unname(found))
  stop("the command ", sQuote(command, FALSE), " was not found. Install cassia: `make demo` in a clone of its ",
    "repository. Then say where it is: options(cassia.command = \"<the clone>/.venv/bin/cassia-engine\"), ",
    "or CASSIA_COMMAND in the environment, or put it on the PATH",
    call. = FALSE
  )
}

# The arguments of runCASSIA_batch that only a language model could use, and those that nothing uses.
.cassia_of_models <- c("model", "temperature", "max_workers", "max_retries", "validator_involvement", "reasoning")
.cassia_of_references <- c("use_reference", "reference_model")
.cassia_idle <- c("validate_api_key_before_start", "auto_convert_ids")

.cassia_no_tissue <- paste0(
  "no tissue was given: tissue = \"lung\" is taken, the default of CASSIA; name yours, or give tissue = \"none\""
)

.cassia_say_unused <- function(given, offline) {
  say <- function(names, why = "") {
    unused <- intersect(given, names)
    if (length(unused)) message("cassia: ", why, "no effect: ", paste(unused, collapse = ", "))
  }
  if (offline) say(.cassia_of_models, "provider = \"offline\" asks no language model; ")
  say(.cassia_of_references, "references are not part of cassia; ")
  say(.cassia_idle)
}

# --name=value for each value that is not NULL; TRUE is a bare --name, FALSE nothing.
.cassia_options <- function(...) {
  values <- list(...)
  names <- names(values)
  if (!all(nzchar(names))) stop("runCASSIA_batch: an argument too many; give arguments by name", call. = FALSE)
  values <- values[!vapply(values, is.null, NA)]
  names <- names(values)
  # The last one would count, and the outputs would not be where output_name says.
  if (anyDuplicated(names)) stop(names[duplicated(names)][1], " is given twice: another argument of this call stands for it", call. = FALSE)
  given <- !vapply(values, identical, NA, FALSE)
  unlist(Map(.cassia_option, names[given], values[given]), use.names = FALSE)
}

.cassia_option <- function(name, value) {
  if (isTRUE(value)) return(paste0("--", name))
  paste0("--", name, "=", .cassia_text(.cassia_one(name, value)))
}

.cassia_flag <- function(name, value) {
  if (is.null(value) || isTRUE(value) || isFALSE(value)) return(value)
  stop(name, ": expected TRUE, FALSE or NULL", call. = FALSE)
}

.cassia_one <- function(name, value) {
  if (length(value) == 1 && is.atomic(value) && !is.na(value)) return(value)
  stop(name, ": expected one value, found ", if (length(value) == 1) "none" else length(value), call. = FALSE)
}

# Run the command; returns its exit status and its lines, each after `rename`. Shows lines as they come: warnings always,
# errors never. An interrupt stops the command, which then says what is done and how to go on; its lines are still read.
.cassia_call <- function(command, arguments, show, rename = identity) {
  line <- paste(shQuote(.cassia_utf8(c(command, arguments), "argument")), collapse = " ")
  # Its process is needed to stop it: of R in a desktop or a notebook only R itself hears an interrupt.
  line <- paste("sh -c 'echo \"process $$\"; exec \"$@\"' sh", line)
  # Messages then name options as R does: provider = "offline".
  line <- paste0(.cassia_libraries(), "CASSIA_CALLER=R ", line)
  # The status is a line of its own, as what close() gives for it differs between versions of R.
  line <- paste(line, "</dev/null 2>&1; echo \"exit status $?\"")
  pipe <- pipe(.cassia_bytes(line), "r")
  on.exit(close(pipe))
  lines <- character()
  process <- status <- NA_integer_
  read <- function() {
    while (length(text <- readLines(pipe, 1, warn = FALSE, encoding = "UTF-8"))) {
      if (grepl("^exit status [0-9]+$", text)) {
        status <<- as.integer(sub("exit status ", "", text))
        break
      }
      if (is.na(process) && grepl("^process [0-9]+$", text)) {
        process <<- as.integer(sub("process ", "", text))
        next
      }
      text <- rename(text)
      lines <<- c(lines, text)
      if (startsWith(text, "cassia: warning: ") || show && !startsWith(text, "cassia: error: ")) message(text)
    }
    TRUE
  }
  while (!tryCatch(read(), interrupt = function(condition) FALSE)) .cassia_interrupt(process)
  # The shell between may end by the interrupt before it tells the status.
  list(status = if (is.na(status)) 75L else status, lines = lines)
}

# Pass an interrupt on to the command. In a terminal it has heard that itself, and a second one would stop it at once.
.cassia_interrupt <- function(process) {
  message("cassia: warning: interrupted: waiting for the command to end")
  if (!is.na(process) && !isatty(stdin())) tools::pskill(process, tools::SIGINT)
}

# R puts its own folders in front of LD_LIBRARY_PATH, and another Python's libraries may be in them. Gives the words of
# the shell that set it as it was before; what R puts there is told by R's own script.
.cassia_libraries <- function() {
  script <- file.path(R.home("etc"), "ldpaths")
  now <- Sys.getenv("LD_LIBRARY_PATH")
  if (!nzchar(now) || !file.exists(script)) return("")
  told <- "unset LD_LIBRARY_PATH; . \"$0\" && printf %s \"$LD_LIBRARY_PATH\""
  own <- suppressWarnings(system2("sh", c("-c", shQuote(told), shQuote(script)), stdout = TRUE, stderr = FALSE))
  if (length(own) != 1 || !startsWith(now, own)) return("")
  before <- sub("^:", "", substring(now, nchar(own) + 1))
  if (nzchar(before)) paste0("LD_LIBRARY_PATH=", shQuote(before), " ") else "unset LD_LIBRARY_PATH; "
}

# Turn a bad end into an R error, or a warning if all files are written.
.cassia_conclude <- function(done) {
  if (identical(done$status, 0L)) return(invisible())
  ours <- startsWith(done$lines, "cassia: error: ")
  line <- paste(sub("cassia: error: ", "", done$lines[ours], fixed = TRUE), collapse = "\n")
  if (!any(ours)) line <- paste0("ended with exit status ", done$status, ": ", utils::tail(done$lines, 1))
  # A crash of Python has status 1 too, but no line of ours.
  if (any(ours) && done$status == 1L) return(warning("cassia: ", line, call. = FALSE))
  stop("cassia: ", line, call. = FALSE)
}

# The path of a table that cassia can read; a data frame is written to a temporary file.
.cassia_table <- function(marker) {
  if (is.data.frame(marker)) {
    path <- file.path(tempfile("cassia_"), "marker.csv")
    dir.create(dirname(path))
    .cassia_write(marker, path)
    return(list(path = path, temporary = TRUE))
  }
  if (!is.character(marker)) {
    stop("marker: expected a data frame or the path of a table, not ", class(marker)[1], call. = FALSE)
  }
  list(path = path.expand(.cassia_bytes(.cassia_one("marker", marker))), temporary = FALSE)
}

# CSV without row names. write.csv() would round numbers and translate text to the session's locale.
.cassia_write <- function(table, path) {
  columns <- Map(.cassia_column, names(table), as.list(table))
  header <- paste(.cassia_quote(.cassia_utf8(names(table), "marker: name of column")), collapse = ",")
  file <- file(path, "wb")
  on.exit(close(file))
  writeLines(c(header, do.call(paste, c(unname(columns), sep = ","))), file, useBytes = TRUE)
}

.cassia_column <- function(name, values) {
  if (is.list(values)) stop("marker: column ", name, " is a list; paste its genes with commas", call. = FALSE)
  if (is.numeric(values) && !is.object(values)) return(.cassia_text(values))
  text <- .cassia_utf8(as.character(values), paste0("marker: column ", name, ", row"))
  # cassia takes off the ' that guards a spreadsheet's cell; one that belongs to an id needs a second.
  guarded <- .cassia_unguard(text) != text
  text[guarded] <- .cassia_guard(text[guarded])
  ifelse(is.na(values), "NA", .cassia_quote(text))
}

.cassia_quote <- function(text) paste0("\"", gsub("\"", "\"\"", text, fixed = TRUE), "\"")

# Numbers as the shortest text that gives the same number back, so that cluster 0.1 stays 0.1; text as it is.
.cassia_text <- function(values) {
  if (!is.numeric(values)) return(as.character(values))
  values <- as.double(values)
  text <- sprintf("%.15g", values)
  rounded <- is.finite(values) & as.double(text) != values
  text[rounded] <- sprintf("%.17g", values[rounded])
  text
}

# Text marked as UTF-8. What is UTF-8 by its bytes is taken for it whatever the locale: enc2utf8() spoils it in C.
.cassia_utf8 <- function(text, what) {
  latin1 <- Encoding(text) == "latin1"
  text[latin1] <- enc2utf8(text[latin1])
  native <- !validUTF8(text)
  text[native] <- iconv(text[native], "", "UTF-8")
  unknown <- which(native & is.na(text))
  if (length(unknown)) {
    stop(what, " ", unknown[1], ": neither UTF-8 nor the session's encoding; read text with its encoding, such as ",
      "read.csv(file, fileEncoding = \"latin1\")",
      call. = FALSE
    )
  }
  Encoding(text) <- "UTF-8"
  text
}

# UTF-8 that R hands to the system as it is. Else it translates to the session's locale, where a name may have no
# spelling.
.cassia_bytes <- function(text) {
  text <- .cassia_utf8(text, "argument")
  Encoding(text) <- "unknown"
  text
}

# The guard of cassia_engine/csv_injection.py: a ' wherever a spreadsheet would otherwise run what follows; and its inverse.
.cassia_signs <- "=+@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\\-"
.cassia_before <- paste0(
  "(?='*[\\x01-\\x08\\x0b\\x0c\\x0e-\\x20\\x7f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f",
  "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]*"
)
.cassia_start <- paste0(.cassia_before, "[", .cassia_signs, "\t\r\n])")
.cassia_within <- paste0(
  "(?:(?<=[;\t])%s", .cassia_before, "[", .cassia_signs, "])",
  "|(?<=[\r\n])%s", .cassia_before, "[=@\uff1d\uff20\ufe66\ufe6b]))"
)

.cassia_guard <- function(text) {
  at <- paste0("([;\t\r\n])", sprintf(.cassia_within, "", ""))
  gsub(at, "\\1'", sub(paste0("^", .cassia_start), "'", text, perl = TRUE), perl = TRUE)
}

.cassia_unguard <- function(text) {
  at <- sprintf(.cassia_within, "'", "'")
  gsub(at, "", sub(paste0("^'", .cassia_start), "", text, perl = TRUE), perl = TRUE)
}

.cassia_numbers <- c(
  "Marker Number", "Iterations", "Score", "Calls", "Input Tokens", "Output Tokens", "Cost (USD)", "Cells"
)

.cassia_read_summary <- function(path) {
  table <- utils::read.csv(path,
    check.names = FALSE, colClasses = "character", na.strings = character(), encoding = "UTF-8"
  )
  table[] <- lapply(table, function(cells) {
    # The ' that keeps a spreadsheet from running the cell as a formula is not part of it.
    cells <- .cassia_unguard(cells)
    ifelse(nzchar(cells), cells, NA_character_)
  })
  numbers <- intersect(.cassia_numbers, names(table))
  table[numbers] <- lapply(table[numbers], as.numeric)
  table
}

# What CASSIA's R package has and cassia does not, by the nearest thing here: each says so when it is called. A name that is
# there already, such as that of CASSIA itself, is left alone.
.cassia_absent <- list(
  "runCASSIA_batch on a table of one row" = "runCASSIA",
  "runCASSIA_batch; its summary has Score, Confidence and Evidence Genes, and its report lists what needs review" = c(
    "runCASSIA_pipeline", "runCASSIA_score_batch"
  ),
  "the report that runCASSIA_batch writes, {output_name}_report.html" = c(
    "runCASSIA_generate_score_report", "generate_html_report", "generate_subclustering_report"
  ),
  "`cassia-engine boost TABLE --cluster ID` in a terminal" = c(
    "runCASSIA_annotationboost", "runCASSIA_annotationboost_additional_task"
  ),
  "`cassia-engine merge NAME_summary.csv` in a terminal" = "runCASSIA_merge_annotations",
  "`cassia-engine subcluster TABLE --major_cluster TYPE` in a terminal" = c("runCASSIA_subclusters", "runCASSIA_n_subcluster"),
  "runCASSIA_batch with votes = 5, or with models = \"A,B\"; its summary has Votes and Agreement" = c(
    "runCASSIA_n_times", "runCASSIA_batch_n_times", "runCASSIA_similarity_score_batch",
    "runCASSIA_n_times_similarity_score", "calculate_evaluation_metrics"
  ),
  "the ranked types in the report, each with its evidence and conflicting genes" = c(
    "compareCelltypes", "symphonyCompare"
  ),
  "a few lines of R, in docs/seurat.md" = "add_cassia_to_seurat",
  "loadExampleMarkers() and loadExampleMarkers_subcluster()" = c("loadBuiltinMarkers", "listAvailableMarkers"),
  "the provider's environment variable: Sys.setenv(OPENROUTER_API_KEY = ...)" = c(
    "setLLMApiKey", "setOpenRouterApiKey", "setAnthropicApiKey", "set_openai_api_key"
  ),
  "options(cassia.command = ...): no Python is needed inside R" = c(
    "setup_cassia_env", "set_python_env", "check_python_env"
  ),
  "`cassia-engine models` in a terminal" = c(
    "list_models", "get_model_aliases", "get_model_info", "get_cost_tier_models", "get_recommended_model",
    "get_use_case_recommendations", "print_model_recommendations", "resolve_model_name"
  ),
  "verbose = FALSE of runCASSIA_batch" = "set_log_level"
)

.cassia_stub <- function(name, nearest) {
  force(name)
  force(nearest)
  function(...) stop(name, " is in CASSIA and not in cassia; nearest here: ", nearest, call. = FALSE)
}

.cassia_nearest <- stats::setNames(
  rep(names(.cassia_absent), lengths(.cassia_absent)), unlist(.cassia_absent, use.names = FALSE)
)
for (.cassia_name in names(.cassia_nearest)) {
  if (!exists(.cassia_name, mode = "function")) {
    assign(.cassia_name, .cassia_stub(.cassia_name, .cassia_nearest[[.cassia_name]]))
  }
}
rm(.cassia_name)
