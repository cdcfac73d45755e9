// A samplesheet: its rows, checked against assets/schema_input.json. All that is wrong with it is said, a line each.
include { faultOf ; faultOfFile ; nearest ; shown } from './parameters'

// The rows in order, each a map of column to value: text, a file, true or false; null where the cell is empty. Rows with
// anything wrong are left out.
def readSheet(sheet, schema, problems) {
    def text = textOf(sheet, problems)
    def rows = text ? parseRows(sheet, text, problems) : []
    if (!rows) {
        return []
    }
    def header = rows.head().cells.collect { cell -> cell.trim() }
    problems.addAll(faultsOfHeader(header, schema).collect { fault -> "${sheet.name}: ${fault}" })
    if (rows.size() == 1) {
        problems << "${sheet.name}: the samplesheet has a header and no samples"
    }
    def lineOf = [:]
    return rows.tail().collect { row ->
        def values = valuesOf(sheet, header, row.cells, schema)
        def faults = faultsOfRow(header, row.cells, values, schema)
        if (values.sample in lineOf) {
            faults << "sample: ${shown(values.sample)} is already in line ${lineOf[values.sample]}; expected a name of its own for each row"
        }
        if (values.sample) {
            lineOf.putIfAbsent(values.sample, row.line)
        }
        problems.addAll(faults.collect { fault -> "${sheet.name}, line ${row.line}, ${fault}" })
        faults ? null : values
    }.findAll()
}

// What is wrong with the columns.
def faultsOfHeader(header, schema) {
    def known = schema.items.properties.keySet()
    def faults = header.unique(false).collectMany { column ->
        def twice = header.count(column) > 1 ? ["column ${shown(column)} is there twice; keep one"] : []
        if (!column) {
            return ["column ${header.indexOf(column) + 1} has no name; name it or remove it"]
        }
        def unknown = "unknown column ${shown(column)}; did you mean ${nearest(column, known)}? Known are ${known.join(', ')}"
        column in known ? twice : [unknown]
    }
    def lacking = schema.items.required.findAll { column -> !(column in header) }
    return faults + lacking.collect { column -> "column ${column} is missing; expected ${schema.items.properties[column].errorMessage}" }
}

// The values of a row by column; {} if it has too many or too few cells.
def valuesOf(sheet, header, cells, schema) {
    if (cells.size() != header.size()) {
        return [:]
    }
    return [header, cells].transpose().collectEntries { column, cell ->
        // A person's prose stays as it is.
        [column, valueOf(sheet, column == 'additional_info' ? cell : cell.trim(), schema.items.properties[column] ?: [:])]
    }
}

// What a cell holds, by its part of the schema: a file, true or false, text; null if it is empty.
def valueOf(sheet, text, spec) {
    if (!text.trim()) {
        return null
    }
    if (spec.type == 'boolean' && text.toLowerCase() in ['true', 'false']) {
        return text.toBoolean()
    }
    return spec.exists ? findFile(sheet, text) : text
}

// What is wrong with a row, each with its column in front.
def faultsOfRow(header, cells, values, schema) {
    if (cells.size() != header.size()) {
        return ["all columns: ${cells.size()} cells where the header has ${header.size()}; expected double quotes around text with a comma"]
    }
    return schema.items.properties.findAll { column, _spec -> column in header }.collectMany { column, spec ->
        def value = values[column]
        def text = shown(cells[header.indexOf(column)].trim())
        def fault = value == null ? null : spec.exists ? faultOfFile(value) : faultOf(value, spec)
        if (value == null && column in schema.items.required) {
            return ["${column}: the cell is empty; expected ${spec.errorMessage}"]
        }
        def searched = fault && spec.exists && !value.exists() ? ', neither beside the samplesheet nor in the launch folder' : ''
        !fault ? [] : ["${column} ${text}: ${fault}${searched}"]
    }
}

// The file that a cell names: beside the samplesheet, else from the launch folder.
def findFile(sheet, text) {
    def beside = text.contains('://') ? null : sheet.parent.resolve(text)
    return beside?.exists() ? beside : file(text, glob: false)
}

// Rows of CSV text, its cells parted as in the first line, as [ line, cells ]; rows without any text are left out. Cells in
// double quotes may hold separators and newlines.
def parseRows(sheet, text, problems) {
    def first = text.readLines().head()
    def separator = ['\t', ',', ';'].find { mark -> first.contains(mark) }
    def quoted = '"((?:[^"]|"")*+)"'
    def bare = "((?:[^\"\r\n${separator}][^\r\n${separator}]*+)?)"
    def cell = java.util.regex.Pattern.compile("\\G(?:${quoted}|${bare})(${separator}|\r\n|\n|\r|\\z)")
    def found = cell.matcher(text).results().toList()
    def rows = [[line: 1, cells: []]]
    def line = 1
    found.each { match ->
        line += match.group().count('\n')
        rows.last().cells << (match.group(1) == null ? match.group(2) : match.group(1).replace('""', '"'))
        if (match.group(3) != separator) {
            rows << [line: line, cells: []]
        }
    }
    if (!found || found.last().end() < text.size()) {
        problems << "${sheet.name}, line ${line}: a cell with double quotes is not closed, or has text after its quotes"
        return []
    }
    return rows.findAll { row -> row.cells.any { content -> content.trim() } }
}

// The file's text without a byte order mark; '' if it is not UTF-8.
def textOf(sheet, problems) {
    def content = new String(sheet.bytes, 'UTF-8').replaceFirst(/^\ufeff/, '')
    if (content.contains('\ufffd')) {
        problems << "${sheet.name}: the samplesheet is not UTF-8; save it as CSV UTF-8"
        return ''
    }
    return content
}
