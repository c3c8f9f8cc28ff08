# Updates the databases of the product to the version that the software on this computer brings. Runs where the management tools are, and leaves a
# mark there while it goes on. Never while front ends are being upgraded: the run sees to that.
#   module       the product's module
#   sql_server   the server that holds them
#   run, step    the names of the mark
#   token        the newest token of the step
param([string] $Arguments)
$a = Read-Arguments $Arguments
Invoke-Marked $a {
    Import-Product $a.module
    Install-CsDatabase -Update -ConfiguredDatabases -SqlServerFqdn $a.sql_server -Confirm:$false
}
